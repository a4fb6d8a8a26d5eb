"""Runs a session's own teardown for a bounded time, then abandons it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

logger = logging.getLogger("lastword")

FORCE_GRACE_S = 1.0
"""How long a cancelled teardown may take to end before it is left behind."""
UNWINDING = 100
"""How many times work that is abandoned may try to wait for something while it unwinds."""


async def tear_down(
    work: Coroutine[Any, Any, None],
    *,
    timeout_s: float,
    cancels: bool,
    on_left: Callable[[], None],
) -> None:
    """Run a teardown; once this has returned or is cancelled, none of it runs any longer.

    What it waits for may still end by itself: an `on_exit` that ignores its cancellation. The
    session may have been started again by then, and must not be closed once more.

    Args:
        work: The session's own method.
        timeout_s: How long it may take, in seconds.
        cancels: Cancel it, and give it `FORCE_GRACE_S` to end, before it is abandoned.
        on_left: Called if it has not ended.
    """
    teardown = Abandonable(work)
    atask = asyncio.create_task(_wait_for(teardown), name="lastword_teardown")
    try:
        await asyncio.wait({atask}, timeout=timeout_s)
        if not atask.done() and cancels:
            logger.error("the session's teardown hangs, the close is forced")
            atask.cancel()
            await asyncio.wait({atask}, timeout=FORCE_GRACE_S)
    finally:
        if not atask.done():
            teardown.abandon()
            on_left()
    if atask.done() and not atask.cancelled() and (error := atask.exception()) is not None:
        # a realtime session's aclose() raises the error of its connection (1.8.9)
        extra = {"error": type(error).__name__}
        logger.error("the session's teardown failed, the close is forced", extra=extra)


async def _wait_for(teardown: Abandonable) -> None:
    await teardown


class Abandonable:
    """An awaitable that runs a coroutine as awaiting it would, and can be abandoned at any point.

    Cancelling a task is a request: what the task waits for may swallow it, and then the task goes
    on as if nothing had been asked.

    Args:
        work: What is run, in the task that awaits this.
    """

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = work
        self._begun = self._abandoned = False
        self._unwinding = 0
        self._woken: asyncio.Future[None] | None = None

    def abandon(self) -> None:
        """Make the coroutine's present `await` raise `CancelledError`, whatever it waits for.

        It unwinds in the next turn of the loop and can no longer wait for anything.
        """
        self._abandoned = True
        if not self._begun:
            self._work.close()
        self._wake()

    def __await__(self) -> Generator[Any, None, None]:
        if self._abandoned:
            raise asyncio.CancelledError
        self._begun = True
        resume: Callable[[], Any] = partial(self._work.send, None)
        while True:
            try:
                awaited = resume()
            except StopIteration:
                return
            resume = yield from self._until(awaited)

    def _until(
        self, awaited: asyncio.Future[Any] | None
    ) -> Generator[Any, None, Callable[[], Any]]:
        """Wait, as a task does, for what the coroutine awaits; return how it goes on."""
        while not self._abandoned and (awaited is None or not awaited.done()):
            try:
                if awaited is None:  # sleep(0)
                    yield
                    break
                self._woken = awaited.get_loop().create_future()
                awaited.add_done_callback(self._wake)
                yield from self._woken
            except asyncio.CancelledError as cancelled:
                if awaited is None or not awaited.cancel():
                    return partial(self._work.throw, cancelled)
            finally:
                if awaited is not None:
                    awaited.remove_done_callback(self._wake)
        if not self._abandoned:
            return partial(self._work.send, None)
        self._unwinding += 1
        if self._unwinding > UNWINDING:
            return self._drop
        return partial(self._work.throw, asyncio.CancelledError())

    def _drop(self) -> None:
        with contextlib.suppress(RuntimeError):  # it ignores even that
            self._work.close()
        raise asyncio.CancelledError

    def _wake(self, _: asyncio.Future[Any] | None = None) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)
