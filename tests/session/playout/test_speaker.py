"""The ways out of a session, where a sink or a way misbehaves in an order of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents.voice import SpeechHandle

from lastword.session.playout.speaker import REPORT_S
from lastword.testing.sink import RecordingSink
from session.fake_line import in_a_room, tracks_in_loop_time
from session.fakes import FakeTTS, clip_of
from session.listening import assert_heard, pushed
from session.scenario import CLIP_S, Scenario
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from livekit import rtc

BUDGET_S = 0.3


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


def test_say_takes_no_more_than_the_budget_of_the_first_frame() -> None:
    """A speech that is accepted and never asks for a frame is given up when the budget is spent."""

    async def main() -> None:
        s = await Scenario.start(attach={"first_frame_timeout_s": BUDGET_S})
        s.session.say = lambda *_, **__: SpeechHandle.create()  # type: ignore[method-assign]
        s.fail()
        report = await s.closed()
        assert report.ways_tried == ("say", "direct")
        assert report.first_frame_s is not None
        assert report.first_frame_s <= BUDGET_S + REPORT_S
        s.check()

    run_virtual(main())


@pytest.mark.parametrize("frame_s", [0.2, 0.9])
def test_the_first_frame_is_the_first(frame_s: float) -> None:
    """Also of a sink that takes its time for each: it was asked to take it at once."""

    class Slow(RecordingSink):
        async def capture_frame(self, frame: rtc.AudioFrame) -> None:
            await super().capture_frame(frame)
            await asyncio.sleep(frame_s)

    async def main() -> None:
        s = await Scenario.start(sink=Slow())
        s.fail()
        await s.closed()
        s.check()

    run_virtual(main())


def test_what_an_interrupted_speech_still_clears_is_not_the_message() -> None:
    """It clears the output when it ends; nothing of the message is pushed before that."""

    async def main() -> None:
        s = await Scenario.start(tts=FakeTTS(25.0))
        s.session.say("a long story", allow_interruptions=False)
        await asyncio.sleep(2.0)

        def refuse(*_: Any, **__: Any) -> SpeechHandle:
            raise RuntimeError("a hand-over is under way")

        s.session.say = refuse  # type: ignore[method-assign]
        s.fail()
        report = await s.closed()
        assert report.ways_tried == ("direct",)
        s.check()

    run_virtual(main())


@pytest.mark.parametrize("taken", [0, 1, 7, 19])
def test_a_sink_that_dies_hands_over_to_a_track_without_a_gap(
    monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    """What the sink has played is not said again, and what it has not is not left out."""
    tracks_in_loop_time(monkeypatch)

    async def main() -> None:
        room = in_a_room(monkeypatch)
        s = await Scenario.start(sink=RecordingSink(raise_at=taken))
        s.fail()
        report = await s.closed()
        assert (report.played, report.path) == ("full", "own_track")
        assert s.call.sink is not None
        (track,) = room.tracks
        assert_heard([s.call.sink.heard, *pushed(track.source)], clip_of(CLIP_S), 24000)

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
