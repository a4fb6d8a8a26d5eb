"""Plays what is left of a message on lastword's own track, which needs no session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ...bounded import Signal, first_of, hold
from ...room.own_track import OwnTrack, play_on_own_track

if TYPE_CHECKING:
    from livekit import rtc

    from ...room.own_track import Standby
    from .heard import Heard

TAIL_S = 0.2
"""Silence before the track is taken out of the room: its last packets are still on their way."""
LATE_S = 1.5
"""How much longer than its sound a message may take, and how long a stopped track may stay."""


async def speak_on_own_track(
    room: rtc.Room,
    heard: Heard,
    *,
    transcript: str,
    abort: Signal,
    first_frame_timeout_s: float,
    standby: Standby | None = None,
) -> None:
    """Play what no sink has played yet; never raise, and stop at once when `abort` is set.

    Args:
        room: A connected room.
        heard: The record of the message.
        transcript: Words to show the caller's client; empty if something else has shown them.
        abort: Set to stop the message.
        first_frame_timeout_s: One budget for publishing and for the wait for a listener.
        standby: A track that was published in advance, or None.
    """
    loop = asyncio.get_running_loop()
    frames = heard.rewind()
    heard.ways.append("own_track")
    rate, num_channels = frames[0].sample_rate, frames[0].num_channels
    own = standby.take() if standby is not None else None
    if own is None:
        own = OwnTrack(room, sample_rate=rate, num_channels=num_channels)
    playing = play_on_own_track(
        own,
        frames,
        first_frame_timeout_s=first_frame_timeout_s,
        tail_s=TAIL_S,
        on_frame=lambda: heard.took(loop.time()),
        transcript=transcript,
    )
    playing_atask = hold(asyncio.create_task(playing, name="lastword_own_track"))
    longest_s = first_frame_timeout_s + heard.clip_s + TAIL_S + LATE_S
    try:
        await first_of(playing_atask, abort, timeout_s=longest_s)
    finally:
        if not playing_atask.done():
            playing_atask.cancel()
            await asyncio.wait({playing_atask}, timeout=LATE_S)
        heard.played_more(own.played_s)
        if heard.subscribed is None:
            heard.subscribed = own.subscribed
