"""Tells why a job ends, and finds the moment at which its caller can still be spoken to."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from livekit.agents import JobContext


class End(NamedTuple):
    """Why a job ends.

    Attributes:
        by_user: Whether the user's own code has ended it, with `job.shutdown()`.
        crashed: Whether its entrypoint has raised.
    """

    by_user: bool
    crashed: bool


def _ending_of(job: JobContext) -> asyncio.Future[object] | None:
    """Return the future that is done once a job is to end, or None where it is not known.

    The function behind `job.shutdown()` sets it, and so do the worker's request, a lost room and an
    entrypoint that raises; the function's closure is the one way to it (1.4.6 .. 1.8.9).
    """
    on_shutdown = getattr(job, "_on_shutdown", None)
    if not inspect.isfunction(on_shutdown):
        return None
    runner = inspect.getclosurevars(on_shutdown).nonlocals.get("self")
    ending = getattr(runner, "_shutdown_fut", None)
    return ending if isinstance(ending, asyncio.Future) else None


def knows_end(job: JobContext) -> bool:
    """Return whether a job will tell why it ends, and lets us speak then."""
    return _ending_of(job) is not None and hasattr(job, "_on_session_end")


def end_of(job: JobContext) -> End | None:
    """Return why a job is ending, or None while it is not."""
    ending = _ending_of(job)
    if ending is None or not ending.done() or ending.cancelled():
        return None
    info = ending.result()
    by_user = bool(getattr(info, "user_initiated", False))
    return End(by_user, crashed=getattr(info, "reason", None) == "job crashed")


def before_leaving(job: JobContext, work: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Run work when a job is over, while its room is still connected.

    Upstream closes the session, calls `on_session_end`, then `_on_session_end`, and disconnects.

    Args:
        job: A job of which `knows_end` is true.
        work: What is run; it must not raise.

    Returns:
        The function that takes it out again.
    """
    original = job._on_session_end

    @functools.wraps(original)
    async def wrapped() -> None:
        await work()
        await original()

    job._on_session_end = wrapped  # type: ignore[method-assign]

    def remove() -> None:
        if vars(job).get("_on_session_end") is wrapped:
            del job._on_session_end

    return remove
