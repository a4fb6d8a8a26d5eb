"""A track of our own where the room refuses, hangs or goes: bounded, counted, never raising."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit import rtc

from lastword.room.own_track import (
    PLAYOUT_SLACK_S,
    PUBLISH_TIMEOUT_S,
    QUEUE_MS,
    UNPUBLISH_TIMEOUT_S,
    OwnTrack,
    Standby,
    play_on_own_track,
)
from session.fake_line import (
    FakeLocalParticipant,
    FakeSource,
    LineRoom,
    browser,
    tracks_in_loop_time,
)
from session.fakes import clip_of
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

CLIP_S = 1.0
BUDGET_S = 3.0


@pytest.fixture(autouse=True)
def _line(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks_in_loop_time(monkeypatch)


def now() -> float:
    return asyncio.get_running_loop().time()


async def hang(*_: Any, **__: Any) -> Any:
    await asyncio.Event().wait()


async def refuse(*_: Any, **__: Any) -> Any:
    raise rtc.RoomError("no")


def own_track(room: LineRoom) -> OwnTrack:
    return OwnTrack(room)  # type: ignore[arg-type]


async def play(room: LineRoom, **options: Any) -> tuple[OwnTrack, float]:
    """Play a clip of a second; return the track and how long it took, in seconds."""
    own, began = own_track(room), now()
    ready = clip_of(CLIP_S).frames()
    await play_on_own_track(own, ready, first_frame_timeout_s=BUDGET_S, **options)
    return own, now() - began


def test_nobody_listens() -> None:
    """It gives up when its budget is spent, and its track leaves the room."""

    async def main() -> None:
        room = LineRoom()
        own, took_s = await play(room)
        assert (own.subscribed, own.played_s) == (False, 0.0)
        assert took_s == pytest.approx(BUDGET_S)
        (track,) = room.tracks
        assert not track.source.played
        assert track.source.closed
        assert not room.local_participant.track_publications

    run_virtual(main())


@pytest.mark.parametrize(
    ("publish_s", "refuses", "takes_s"),
    [(0.1, True, 0.1), (60.0, False, PUBLISH_TIMEOUT_S + UNPUBLISH_TIMEOUT_S)],
    ids=["refused", "never answered"],
)
def test_a_track_that_is_not_published(publish_s: float, *, refuses: bool, takes_s: float) -> None:
    async def main() -> None:
        room = LineRoom(browser())
        room.publish_s, room.refuses = publish_s, refuses
        own, took_s = await play(room)
        assert (own.subscribed, own.played_s) == (False, 0.0)
        assert took_s == pytest.approx(takes_s)
        assert not room.tracks

    run_virtual(main())


def test_nobody_is_waited_for_on_a_track_that_is_not_published() -> None:
    async def main() -> None:
        began = now()
        own = own_track(LineRoom(browser()))
        assert not await own.wait_for_subscriber(BUDGET_S)
        await own.show("the last words")
        assert now() == began
        await own.aclose()

    run_virtual(main())


def test_a_source_that_takes_no_more_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given up after the time of what is queued; what was played until then counts."""
    capture = FakeSource.capture_frame
    taken: list[float] = []

    async def capture_some(source: FakeSource, frame: rtc.AudioFrame) -> None:
        await (capture(source, frame) if len(source.played) <= 10 else hang())

    monkeypatch.setattr(FakeSource, "capture_frame", capture_some)

    async def main() -> None:
        room = LineRoom(browser())
        own, took_s = await play(room, on_frame=lambda: taken.append(now()))
        assert len(taken) == 10
        assert own.played_s == pytest.approx(10 * 0.05)
        assert took_s < CLIP_S + QUEUE_MS / 1000 + 0.05 + PLAYOUT_SLACK_S
        assert not room.local_participant.track_publications

    run_virtual(main())


@pytest.mark.parametrize("send_text", [refuse, hang])
def test_words_that_cannot_be_shown_are_heard(
    send_text: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeLocalParticipant, "send_text", send_text)

    async def main() -> None:
        room = LineRoom(browser())
        own, _ = await play(room, transcript="the last words")
        assert own.played_s == pytest.approx(CLIP_S)

    run_virtual(main())


@pytest.mark.parametrize(
    ("unpublish", "takes_s"), [(refuse, 0.0), (hang, UNPUBLISH_TIMEOUT_S)], ids=["refused", "hangs"]
)
def test_a_track_that_cannot_be_taken_out_is_closed(
    unpublish: Callable[..., Any], takes_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeLocalParticipant, "unpublish_track", unpublish)

    async def main() -> None:
        room = LineRoom(browser())
        own = own_track(room)
        await own.publish()
        began = now()
        await own.aclose()
        assert now() - began == pytest.approx(takes_s)
        assert room.tracks[0].source.closed

    run_virtual(main())


def test_a_room_that_has_gone_is_asked_for_nothing() -> None:
    async def main() -> None:
        room = LineRoom(browser())
        own = own_track(room)
        await own.publish()
        await room.disconnect()
        await own.aclose()
        assert room.local_participant.track_publications  # nobody has asked
        assert room.tracks[0].source.closed

    run_virtual(main())


def test_a_standby_track_waits_once_and_only_in_a_room() -> None:
    async def main() -> None:
        standby = Standby()
        standby.publish_in(None, 24000, 1)
        room = LineRoom(browser())
        room.connected = False
        standby.publish_in(room, 24000, 1)  # type: ignore[arg-type]
        assert standby.take() is None
        standby.remove()
        room.connected = True
        for _ in range(2):
            standby.publish_in(room, 24000, 1)  # type: ignore[arg-type]
            await asyncio.wait_for(room.published.wait(), 5)
        assert len(room.tracks) == 1
        standby.remove()
        await asyncio.sleep(1)
        assert not room.local_participant.track_publications

    run_virtual(main())


def test_a_standby_track_whose_loop_has_ended_is_let_go() -> None:
    """A session may be detached after its loop: there is nothing left to ask."""
    standby = Standby()

    async def main() -> None:
        room = LineRoom(browser())
        standby.publish_in(room, 24000, 1)  # type: ignore[arg-type]
        await asyncio.wait_for(room.published.wait(), 5)

    run_virtual(main())
    standby.remove()
    assert standby.take() is None
