"""The ways out of a session, where a sink or a way misbehaves in an order of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from livekit.agents.voice import SpeechHandle

from lastword.testing.sink import RecordingSink
from session.fake_line import in_a_room, tracks_in_loop_time
from session.scenario import CLIP_S, Scenario
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest
    from livekit import rtc


def test_a_sink_that_begins_after_it_was_given_up_gets_nothing() -> None:
    """`say()` is accepted and never asks for a frame; when it does so later, there is none."""

    async def main() -> None:
        s = await Scenario.start()
        accepted: list[AsyncIterator[rtc.AudioFrame]] = []

        def say(_: str, *, audio: AsyncIterator[rtc.AudioFrame], **__: Any) -> SpeechHandle:
            accepted.append(audio)
            return SpeechHandle.create()

        s.session.say = say  # type: ignore[method-assign, assignment]
        s.fail()
        report = await s.closed()
        assert (report.played, report.ways_tried) == ("full", ("say", "direct"))
        assert [frame async for frame in accepted[0]] == []
        assert s.call.sink is not None
        assert s.call.sink.heard_s == CLIP_S

    run_virtual(main())


def test_a_track_of_our_own_that_is_stopped_says_how_much_was_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The caller leaves while it plays: "part", not "none"."""
    tracks_in_loop_time(monkeypatch)

    async def main() -> None:
        room = in_a_room(monkeypatch)
        s = await Scenario.start(sink=RecordingSink(hang_at=0))
        s.fail()
        await room.published.wait()
        await asyncio.sleep(0.6)
        room.lose("web")
        report = await s.closed()
        assert (report.played, report.path) == ("part", "own_track")
        assert 0.2 < report.played_s < 0.8
        assert not room.local_participant.track_publications

    run_virtual(main())
