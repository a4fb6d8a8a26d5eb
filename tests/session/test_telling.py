"""What others in the room are told of a failed call, in virtual time: states, kind, one packet."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from lastword.room import tell
from session.after.test_followup import Noted
from session.fake_line import LineJob, LineRoom, browser, tracks_in_loop_time
from session.fakes import WORDS, clip_of
from session.guarded import CLIP_S, run
from session.scenario import Scenario
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

    import lastword

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[], LineRoom]:
    """Make the room of the one call; inside of its loop."""
    tracks_in_loop_time(monkeypatch)

    def make() -> LineRoom:
        made = LineRoom(browser())
        monkeypatch.setattr("lastword._upstream.rooms.room_of", lambda _: made)
        return made

    return make


def states(room: LineRoom) -> list[str]:
    """The states that the others saw, in order."""
    return [attributes[tell.ATTRIBUTE_STATE] for attributes in room.local_participant.attributes]


async def fail(**attach: Any) -> lastword.Report:
    """One attached session that fails."""
    s = await Scenario.start(attach=attach)
    s.fail()
    return await s.closed()


def test_a_session_tells_why_and_how_it_ends(room: Callable[[], LineRoom]) -> None:
    async def main() -> None:
        there = room()
        await fail(after=Noted([]))
        assert states(there) == ["failed", "ended"]
        kinds = {a[tell.ATTRIBUTE_KIND] for a in there.local_participant.attributes}
        assert kinds == {"quota_exhausted"}
        ((topic, packet),) = there.local_participant.packets
        assert topic == "lastword"
        assert json.loads(packet) == {
            "kind": "quota_exhausted",
            "terminal": True,
            "words": WORDS,
            "follows": "noted",
        }

    run_virtual(main())


class Transferred(Noted):
    """An action that hands the caller to somebody else."""

    state = "transferred"


@pytest.mark.parametrize(
    ("fails", "told"), [(False, ["failed", "transferred"]), (True, ["failed", "ended"])]
)
def test_a_transfer_is_told_if_it_succeeds(
    room: Callable[[], LineRoom], *, fails: bool, told: list[str]
) -> None:
    async def main() -> None:
        there = room()
        await fail(after=Transferred([], early=True, fails=fails, then=Noted([])))
        assert states(there) == told

    run_virtual(main())


def test_a_guard_tells_it_too(room: Callable[[], LineRoom]) -> None:
    async def main() -> None:
        there = room()
        await run(LineJob(there))
        assert states(there) == ["failed", "ended"]
        ((_, packet),) = there.local_participant.packets
        assert json.loads(packet)["follows"] is None

    run_virtual(main())


@pytest.mark.parametrize("way", ["attach", "guard"])
def test_nothing_is_told_if_not_wanted(room: Callable[[], LineRoom], way: str) -> None:
    async def main() -> None:
        there = room()
        await (fail(tell=False) if way == "attach" else run(LineJob(there), tell=False))
        assert there.local_participant.attributes == []
        assert there.local_participant.packets == []

    run_virtual(main())


def test_a_room_that_takes_its_time_delays_no_sound(room: Callable[[], LineRoom]) -> None:
    """Telling runs beside the message; at the end it is waited for, but not for long."""

    async def main() -> None:
        plain_s = (await fail(tell=False)).first_frame_s
        there = room()
        there.tell_s = 1000.0
        report = await fail()
        assert report.first_frame_s == plain_s
        assert report.played == "full"
        assert report.close_s == pytest.approx(1.0 + 0.2 + tell.ARRIVE_TIMEOUT_S, abs=0.1)

    run_virtual(main())


def test_a_refusal_is_only_logged(
    room: Callable[[], LineRoom], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        there = room()
        there.refuses = True
        report = await fail()
        assert report.played == "full"
        assert len(there.local_participant.packets) == 1
        assert "could not be told: ConnectionError" in caplog.text

    run_virtual(main())


def test_a_provider_text_is_never_told(room: Callable[[], LineRoom]) -> None:
    """A failing entrypoint whose error holds a key: only its kind goes into the room."""

    async def broken(_: Any) -> None:
        raise RuntimeError(f"refused for {KEY}")

    async def main() -> None:
        there = room()
        await run(LineJob(there), broken, message=clip_of(CLIP_S))
        told = str([there.local_participant.attributes, there.local_participant.packets])
        assert "refused" not in told
        assert KEY not in told

    run_virtual(main())


def test_states_arrive_in_order(room: Callable[[], LineRoom]) -> None:
    """A state that takes longer than the one after it is not seen last."""

    async def main() -> None:
        there = room()
        news = tell.News(kind="auth", terminal=True, words="", follows=None)
        there.tell_s = 0.2
        news.tell(there, "failed")  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        there.tell_s = 0.0
        news.tell(there, "ended")  # type: ignore[arg-type]
        await news.arrived()
        assert states(there) == ["failed", "ended"]

    run_virtual(main())
