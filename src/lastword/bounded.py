"""Runs and awaits foreign work within time limits, and keeps references to what it abandons."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from .traces import told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    AnyTask = TypeVar("AnyTask", bound=asyncio.Future[Any])
    Result = TypeVar("Result")

logger = logging.getLogger("lastword")

CANCEL_S = 1.0
"""Work that ignores its cancellation for longer than this is abandoned."""
SLICE_S = 0.05
"""How often a wait checks whether the loop is late: the length of the frames that it waits for."""

_running: set[asyncio.Future[Any]] = set()


class Signal:
    """An event that happens once, or again after `clear()`; waiting for it needs no task."""

    def __init__(self) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def set(self) -> None:
        """Mark it as having happened."""
        if not self.future.done():
            self.future.set_result(None)

    def is_set(self) -> bool:
        """Return whether it has happened."""
        return self.future.done()

    def clear(self) -> None:
        """Reset it; those who wait already go on waiting for the old one."""
        if self.future.done():
            self.future = self.future.get_loop().create_future()


def hold(task: AnyTask) -> AnyTask:
    """Keep a reference to a task until it is done, and retrieve its exception if nobody else does.

    The loop refers to tasks only weakly: one that nobody waits for may be garbage-collected while
    it runs ("Task was destroyed but it is pending!").
    """
    _running.add(task)
    task.add_done_callback(_let_go)
    return task


async def first_of(
    *signals: Signal | asyncio.Future[Any], timeout_s: float, late_s: float = 0.0
) -> bool:
    """Wait for the first of some signals, without cancelling or consuming any of them.

    Args:
        signals: Signals or futures; any of them may never be set or done.
        timeout_s: Longest wait in seconds; 0 or less only checks.
        late_s: How much longer if the loop itself is late, in seconds.

    Returns:
        Whether one of them happened in time.
    """
    futures = [s.future if isinstance(s, Signal) else s for s in signals]
    return await _wait(futures, timeout_s, late_s)


async def finished(
    work: Coroutine[Any, Any, Any], *, name: str, timeout_s: float, late_s: float = 0.0
) -> bool:
    """Run foreign work for a bounded time and contain what it raises, even `CancelledError`.

    Args:
        work: What to run, in a task of its own.
        name: The task's name.
        timeout_s: Longest wait in seconds; then the work is cancelled and abandoned.
        late_s: How much longer if the loop itself is late, in seconds.

    Returns:
        Whether it finished in time and without an exception.
    """
    task = hold(asyncio.create_task(work, name=name))
    try:
        await _wait([task], timeout_s, late_s)
    finally:
        if not task.done():
            task.cancel()
    if not task.done() or task.cancelled():
        return False
    error = task.exception()
    if error is not None:
        logger.debug("%s failed: %s", name, told(error))
    return error is None


async def within(work: Awaitable[Result], timeout_s: float) -> Result:
    """Wait for work as `asyncio.wait_for` does, but never swallow a cancellation.

    Before Python 3.12 `wait_for` returns as if nothing had happened if it is cancelled in the very
    turn of the loop in which the work ends: who plays frame by frame would play on.

    Args:
        work: What is waited for; it is cancelled when it takes too long, and when the wait is.
        timeout_s: How long it may take, in seconds.

    Returns:
        What the work returns.

    Raises:
        asyncio.TimeoutError: It took longer.
    """
    task = hold(asyncio.ensure_future(work))
    try:
        await asyncio.wait({task}, timeout=timeout_s)
        if task.done():
            return task.result()
    finally:
        task.cancel()
    raise asyncio.TimeoutError


async def ends(task: asyncio.Task[Any], *, timeout_s: float) -> bool:
    """Wait for a task; cancel it if it takes too long or this wait is cancelled.

    Args:
        task: The work; a reference is kept until it is done, however long that takes.
        timeout_s: How long it may take, in seconds.

    Returns:
        Whether it ended by itself in time; if so, `task.result()` holds the outcome.
    """
    hold(task)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
        if task.done():
            return True
    finally:
        task.cancel()
    await asyncio.wait({task}, timeout=CANCEL_S)
    return False


async def _wait(futures: list[asyncio.Future[Any]], timeout_s: float, late_s: float) -> bool:
    """Wait for the first of some futures; lateness of the loop counts against `late_s`."""
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


def _let_go(task: asyncio.Future[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()  # abandoned work: avoid the warning about an unretrieved exception
