"""The track of our own in a real room: heard whole, bounded without listeners, gone afterwards."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from lastword.room.own_track import TRACK_NAME, OwnTrack, play_on_own_track
from lastword.testing.room.agent import joined
from lastword.testing.room.caller import Caller
from room.call import frames
from room.sweep import find_sweep, sweep

if TYPE_CHECKING:
    from lastword.testing.room.server import Server


async def test_it_is_heard_whole_and_once(server: Server, room_name: str) -> None:
    """Nothing of the start is lost although the track is new, and nothing of the end."""
    ready = [frame async for frame in frames(sweep())]
    async with Caller(server, room_name) as caller, joined(server, room_name) as room:
        own = OwnTrack(room)
        await play_on_own_track(own, ready, first_frame_timeout_s=3.0, tail_s=0.2)
        await caller.until_quiet()
        assert not room.local_participant.track_publications
    heard = find_sweep(caller.recording().samples())
    assert heard.times == 1
    assert heard.seconds >= 2.9
    assert own.subscribed
    assert own.played_s == pytest.approx(3.0, abs=0.01)


async def test_a_standby_track_is_heard(server: Server, room_name: str) -> None:
    """A track that waited muted plays when it is needed."""
    ready = [frame async for frame in frames(sweep())]
    async with Caller(server, room_name) as caller, joined(server, room_name) as room:
        standby = OwnTrack(room)
        await standby.publish(muted=True)
        await standby.wait_for_subscriber(5.0)
        await play_on_own_track(standby, ready, first_frame_timeout_s=3.0, tail_s=0.2)
        await caller.until_quiet()
    heard = find_sweep(caller.recording().samples())
    assert heard.times == 1
    assert heard.seconds >= 2.9


async def test_nobody_listens(server: Server, room_name: str) -> None:
    """In an empty room it gives up when its budget is spent."""
    ready = [frame async for frame in frames(sweep())]
    async with joined(server, room_name) as room:
        before = time.monotonic()
        own = OwnTrack(room)
        await play_on_own_track(own, ready, first_frame_timeout_s=0.5)
        assert time.monotonic() - before < 3.0
    assert not own.subscribed
    assert own.played_s == 0


async def test_stopped_in_the_middle(server: Server, room_name: str) -> None:
    """Cancelled, it falls silent, takes its track out and says how much was played."""
    ready = [frame async for frame in frames(sweep())]
    taken = asyncio.Semaphore(0)
    async with Caller(server, room_name) as caller, joined(server, room_name) as room:
        own = OwnTrack(room)
        playing = asyncio.create_task(
            play_on_own_track(own, ready, first_frame_timeout_s=3.0, on_frame=taken.release)
        )
        for _ in range(20):
            await asyncio.wait_for(taken.acquire(), 5)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        await caller.until(caller.loud, 5)
        await caller.until_quiet()
        names = [p.name for p in room.local_participant.track_publications.values()]
        assert TRACK_NAME not in names
        assert 0.3 < own.played_s < 1.5
    assert 0.3 < find_sweep(caller.recording().samples()).seconds < 1.5
