"""Gives `guard` a way into a job's room, and keeps the job's session silent."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from typing import TYPE_CHECKING, Any

from .._upstream import sessions
from ..bounded import within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from livekit.agents import AgentSession, JobContext

logger = logging.getLogger("lastword")

CONNECT_TIMEOUT_S = 5.0
"""How long joining the room may take if the entrypoint has not done it; usually 0.1 s."""
SILENCE_EVERY_S = 0.1
"""How often a session that may still begin to speak is silenced."""


def shield_connect(job: JobContext) -> None:
    """Let joining the room go on when a `session.start()` that fails cancels it.

    `start()` joins beside its other work and cancels that when one part raises. A cancelled
    `Room.connect` leaves the native client waiting for an answer that never comes: every
    later attempt fails, and after some seconds it panics and ends the process (livekit 1.1.21).
    """
    connect = job.connect
    joining: list[asyncio.Task[None]] = []

    @functools.wraps(connect)
    async def shielded(**options: Any) -> None:
        if not joining or (joining[-1].done() and joining[-1].exception() is not None):
            joining.append(asyncio.ensure_future(connect(**options)))
        await asyncio.shield(joining[-1])

    job.connect = shielded  # type: ignore[method-assign]


async def is_in_room(job: JobContext) -> bool:
    """Join the job's room if needed; return whether somebody can be reached there."""
    if job.is_fake_job():
        return False  # console mode: there is no room
    try:
        await within(job.connect(), CONNECT_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody can be reached
        logger.warning("the room cannot be joined", extra={"error": type(error).__name__})
        return False
    return True


@contextlib.asynccontextmanager
async def silent(session: AgentSession[Any] | None) -> AsyncIterator[None]:
    """Keep a session silent: one whose start hangs may begin to speak at any time."""
    if session is None:
        yield
        return
    atask = asyncio.create_task(_keep_silent(session), name="lastword_silence")
    try:
        yield
    finally:
        atask.cancel()


async def _keep_silent(session: AgentSession[Any]) -> None:
    while True:
        if sessions.is_running(session):
            with contextlib.suppress(RuntimeError):  # it cannot be interrupted any more
                session.interrupt(force=True)
        sessions.refuse_new_work(session)
        await asyncio.sleep(SILENCE_EVERY_S)
