"""Many calls of one worker process fail at once, a healthy one beside them.

The callers are in other programs. Five by default, twenty with `make room-record`: one event loop
carries every frame of all of them, and twenty need two cores for themselves.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from livekit.agents import AgentSession

from lastword.testing.room.agent import joined
from room.call import frames, running
from room.far_end import FarEnd
from room.outage import CLIP_S, QUESTION, RECORD, outage, show, warm_up
from room.sweep import find_sweep, tone

if TYPE_CHECKING:
    from lastword.testing.room.recording import Recording
    from lastword.testing.room.server import Server

AT_ONCE = 20 if RECORD else 5
HEALTHY_S = 30.0  # longer than the rest takes, even on a busy machine
LOUD = 0.05


async def test_many_at_once(server: Server, room_name: str) -> None:
    """Every caller hears it, once; a healthy call of the same process goes on."""
    rooms = [f"{room_name}-{n}" for n in range(AT_ONCE)]
    healthy_room = f"{room_name}-healthy"
    async with (
        FarEnd(server, rooms) as callers,
        FarEnd(server, [healthy_room]) as healthy_caller,
        AsyncExitStack() as stack,
    ):
        room = await stack.enter_async_context(joined(server, healthy_room))
        healthy = await stack.enter_async_context(running(AgentSession(), room))
        calls = [
            await stack.enter_async_context(
                outage(server, name, with_caller=False, wait_for_caller_s=10.0)
            )
            for name in rooms
        ]
        await asyncio.gather(*(warm_up(call.session) for call in calls))
        healthy.session.say("a long story", audio=frames(tone(4000, HEALTHY_S)))
        await callers.type(QUESTION)
        await asyncio.gather(*(call.until_closed(60) for call in calls))
        recordings = await callers.heard()
        healthy.session.interrupt()
        (healthy_heard,) = await healthy_caller.heard()

    heard = [find_sweep(recording.samples(), CLIP_S) for recording in recordings]
    first = sorted(
        recording.at(h.runs[0].at_s) - call.failed_at
        for recording, h, call in zip(recordings, heard, calls, strict=True)
        if h.runs
    )
    errors = [call.failed_at for call in calls]
    least = min(h.seconds for h in heard)
    show(f"{AT_ONCE} at once: error events within {max(errors) - min(errors):.2f} s")
    show(f"first sound p50 {statistics.median(first):.3f} s, worst {first[-1]:.3f} s")
    show(f"heard, least {least:.2f} of {CLIP_S} s")
    show(f"the last one closed after {max(call.close_s for call in calls):.2f} s")
    show(f"told, {sum(call.report.played == 'full' for call in calls)} full")
    show(f"longest gap in a healthy room {longest_gap_s(healthy_heard, min(errors)) * 1000:.0f} ms")
    assert [h.times for h in heard] == [1] * AT_ONCE
    assert least >= CLIP_S - 0.5


def longest_gap_s(recording: Recording, since: float) -> float:
    """The longest quiet between two loud frames that a caller heard after a moment."""
    frames = [samples for at, samples in recording.frames if at >= since]
    loud = [n for n, samples in enumerate(frames) if abs(samples).max() > LOUD]
    return max((b - a - 1 for a, b in itertools.pairwise(loud)), default=0) / 100
