"""`attach(standby_track=True)`: a muted track waits in the room, and goes with its session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from lastword.testing.sink import RecordingSink
from session.fake_line import LineRoom, in_a_room, tracks_in_loop_time
from session.scenario import Scenario
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run a test in virtual time with a room that plays in it too."""
    tracks_in_loop_time(monkeypatch)

    def run(main: Callable[[LineRoom], Coroutine[None, None, None]]) -> None:
        async def in_room() -> None:
            await main(in_a_room(monkeypatch))

        run_virtual(in_room())

    return run


async def started(room: LineRoom, **options: object) -> Scenario:
    s = await Scenario.start(attach={"standby_track": True}, **options)
    await asyncio.wait_for(room.published.wait(), 5)
    return s


def test_it_waits_muted_and_speaks_when_the_output_is_dead(run: Callable[..., None]) -> None:
    """One track in all: the one that waited."""

    async def main(room: LineRoom) -> None:
        s = await started(room, sink=RecordingSink(hang_at=0))
        (track,) = room.tracks
        assert track.muted
        s.fail()
        report = await s.closed()
        assert (report.path, report.played) == ("own_track", "full")
        assert room.tracks == [track]
        assert not track.muted
        assert not room.local_participant.track_publications

    run(main)


def test_it_goes_when_the_session_closes(run: Callable[..., None]) -> None:
    async def main(room: LineRoom) -> None:
        s = await started(room)
        await s.session.aclose()
        await asyncio.sleep(1)
        assert len(room.tracks) == 1
        assert not room.local_participant.track_publications

    run(main)


def test_it_goes_unused_after_a_message(run: Callable[..., None]) -> None:
    async def main(room: LineRoom) -> None:
        s = await started(room)
        s.fail()
        assert (await s.closed()).path == "say"
        await asyncio.sleep(1)
        assert [track.source.played for track in room.tracks] == [[]]
        assert not room.local_participant.track_publications

    run(main)


@pytest.mark.parametrize("published", [False, True], ids=["being published", "published"])
def test_it_goes_with_detach(run: Callable[..., None], *, published: bool) -> None:
    """Also where the server has not answered yet."""

    async def main(room: LineRoom) -> None:
        room.publish_s = 0.0 if published else 0.5
        s = await Scenario.start(attach={"standby_track": True})
        await asyncio.sleep(0.2)
        assert bool(room.local_participant.track_publications) is published
        s.last_word.detach()
        await asyncio.sleep(2)
        assert len(room.tracks) == 1
        assert not room.local_participant.track_publications
        await s.session.aclose()

    run(main)


def test_an_output_of_another_rate_gets_another_track(run: Callable[..., None]) -> None:
    """The frames are prepared anew then, and so is what plays them."""

    async def main(room: LineRoom) -> None:
        s = await started(room)
        s.session.output.audio = RecordingSink(sample_rate=48000, hang_at=0)
        await s.last_word.ready()  # looks at the output, as any change of the agent's state does
        s.fail()
        report = await s.closed()
        assert (report.path, report.played) == ("own_track", "full")
        assert [track.source.format[0] for track in room.tracks] == [24000, 48000]
        assert not room.local_participant.track_publications

    run(main)


def test_one_that_could_not_be_published_is_published_when_needed(
    run: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """Signalling was down when the session started."""

    async def main(room: LineRoom) -> None:
        room.refuses = True
        s = await Scenario.start(attach={"standby_track": True}, sink=RecordingSink(hang_at=0))
        await asyncio.sleep(1)
        room.refuses = False
        s.fail()
        report = await s.closed()
        assert (report.path, report.played) == ("own_track", "full")

    run(main)
    assert "the standby track could not be published" in caplog.text
