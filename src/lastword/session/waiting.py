"""Waits that always end; owns no state. Imports nothing of ours."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

logger = logging.getLogger("lastword")


async def first_of(*events: asyncio.Event | asyncio.Future[Any], timeout_s: float) -> bool:
    """Waits for the first of some events, without cancelling or consuming any of them.

    Args:
        events: Events that are set, or futures that are done, one day or never.
        timeout_s: Longest wait in seconds; 0 or less only looks.

    Returns:
        Whether one of them came in time.
    """
    own = [asyncio.ensure_future(e.wait()) for e in events if isinstance(e, asyncio.Event)]
    foreign = [e for e in events if not isinstance(e, asyncio.Event)]
    try:
        done, _ = await asyncio.wait(
            [*own, *foreign], timeout=max(timeout_s, 0.0), return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for task in own:
            task.cancel()
    return bool(done)


async def finished(work: Coroutine[Any, Any, Any], *, name: str, timeout_s: float) -> bool:
    """Runs foreign work for a bounded time; what it raises, `CancelledError` too, stays inside.

    Args:
        work: What is run, in a task of its own.
        name: The task's name.
        timeout_s: Longest wait in seconds; later the work is cancelled and left to itself.

    Returns:
        Whether it came to its end in time and without an exception.
    """
    task = asyncio.ensure_future(work)
    task.set_name(name)
    try:
        await asyncio.wait({task}, timeout=max(timeout_s, 0.0))
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_retrieve)
    if not task.done() or task.cancelled():
        return False
    error = task.exception()
    if error is not None:
        logger.debug("%s failed", name, exc_info=error)
    return error is None


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Takes the exception of work that was left, so that nobody is told that it got lost."""
    if not task.cancelled():
        task.exception()
