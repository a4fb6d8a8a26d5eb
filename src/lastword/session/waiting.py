"""Waits that always end, and what they wait for. Imports nothing of ours."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

logger = logging.getLogger("lastword")

SLICE_S = 0.05
"""So often a wait looks whether the loop is late: the length of the frames that it waits for."""


class Signal:
    """Something that happens once, or again after `clear()`; waiting for it takes no task."""

    def __init__(self) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def set(self) -> None:
        """Says that it happened."""
        if not self.future.done():
            self.future.set_result(None)

    def is_set(self) -> bool:
        """Tells whether it happened."""
        return self.future.done()

    def clear(self) -> None:
        """Takes it back; who waits already goes on waiting for the old one."""
        if self.future.done():
            self.future = self.future.get_loop().create_future()


async def first_of(
    *signals: Signal | asyncio.Future[Any], timeout_s: float, late_s: float = 0.0
) -> bool:
    """Waits for the first of some signals, without cancelling or consuming any of them.

    Args:
        signals: Signals that are set, or futures that are done, one day or never.
        timeout_s: Longest wait in seconds; 0 or less only looks.
        late_s: How much longer if the loop itself is late, in seconds.

    Returns:
        Whether one of them came in time.
    """
    futures = [s.future if isinstance(s, Signal) else s for s in signals]
    return await _wait(futures, timeout_s, late_s)


async def finished(
    work: Coroutine[Any, Any, Any], *, name: str, timeout_s: float, late_s: float = 0.0
) -> bool:
    """Runs foreign work for a bounded time; what it raises, `CancelledError` too, stays inside.

    Args:
        work: What is run, in a task of its own.
        name: The task's name.
        timeout_s: Longest wait in seconds; later the work is cancelled and left to itself.
        late_s: How much longer if the loop itself is late, in seconds.

    Returns:
        Whether it came to its end in time and without an exception.
    """
    task = asyncio.ensure_future(work)
    task.set_name(name)
    try:
        await _wait([task], timeout_s, late_s)
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


async def _wait(futures: list[asyncio.Future[Any]], timeout_s: float, late_s: float) -> bool:
    """Waits for the first of some futures; what the loop is late counts against `late_s`."""
    loop = asyncio.get_running_loop()
    left_s = max(timeout_s, 0.0)
    while True:
        slice_s = min(left_s, SLICE_S) if late_s > 0 else left_s
        due = loop.time() + slice_s
        done, _ = await asyncio.wait(futures, timeout=slice_s, return_when=asyncio.FIRST_COMPLETED)
        left_s -= slice_s
        late_s -= loop.time() - due
        if done or left_s <= 0:
            return bool(done)


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Takes the exception of work that was left, so that nobody is told that it got lost."""
    if not task.cancelled():
        task.exception()
