"""Runs the agent's end of a call in a real room: joins it, and runs a session in this process.

Has what every room test needs between `Server` and `Caller`; knows livekit-agents, not lastword.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, CloseEvent, ErrorEvent
from livekit.agents.voice.room_io import RoomIO, RoomOptions

from lastword.testing.room.recording import RATE, Samples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Running:
    """A started session and what it said about itself, with `time.monotonic()`."""

    session: AgentSession[Any]
    errors: list[tuple[float, ErrorEvent]] = field(default_factory=list)
    closes: list[tuple[float, CloseEvent]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def _on_error(self, event: ErrorEvent) -> None:
        self.errors.append((time.monotonic(), event))

    def _on_close(self, event: CloseEvent) -> None:
        self.closes.append((time.monotonic(), event))
        self.closed.set()

    async def until_closed(self, timeout_s: float) -> None:
        """Wait for the close event; TimeoutError if it does not come."""
        await asyncio.wait_for(self.closed.wait(), timeout_s)


@asynccontextmanager
async def running(
    session: AgentSession[Any],
    room: rtc.Room,
    *,
    agent: Agent | None = None,
    options: RoomOptions | None = None,
    wait_for_caller_s: float | None = 10.0,
    by_hand: bool = False,
) -> AsyncIterator[Running]:
    """Start a session in a room and end it afterwards.

    Args:
        session: Not yet started.
        room: Joined already.
        agent: What to run; a plain agent by default.
        options: RoomIO's options.
        wait_for_caller_s: How long to wait until the caller has subscribed to the agent's voice;
            None does not wait at all.
        by_hand: Make the RoomIO here instead of letting `start()` make it.
    """
    run = Running(session)
    session.on("error", run._on_error)
    session.on("close", run._on_close)
    agent, options = agent or Agent(instructions="Answer briefly."), options or RoomOptions()
    if by_hand:
        room_io = RoomIO(session, room, options=options)
        await room_io.start()
        started = session.start(agent)
    else:
        started = session.start(agent, room=room, room_options=options)
    await asyncio.wait_for(started, 20)
    try:
        subscribed = (room_io if by_hand else session.room_io).subscribed_fut
        if wait_for_caller_s is not None and subscribed is not None:
            await asyncio.wait_for(asyncio.shield(subscribed), wait_for_caller_s)
        yield run
    finally:
        await asyncio.wait_for(session.aclose(), 20)
        if by_hand:
            await asyncio.wait_for(room_io.aclose(), 20)


async def frames(samples: Samples) -> AsyncIterator[rtc.AudioFrame]:
    """Hand a sound, (samples,) float32 at 24 kHz, to `say()` in frames of 50 ms."""
    pcm = np.rint(samples * 32767).astype(np.int16)
    step = RATE // 20
    for start in range(0, len(pcm), step):
        part = pcm[start : start + step]
        yield rtc.AudioFrame(part.tobytes(), RATE, 1, len(part))
