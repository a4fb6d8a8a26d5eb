"""An event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

LIMIT_S = 600.0
"""Virtual seconds after which a test that never ends is failed."""


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: where the loop would sleep, its clock is moved on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.late_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            # only another thread (an executor) can go on from here
            return super().select(0.05)
        if timeout > 0:
            self.now += timeout + self.late_s
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time, which begins at 1000 s."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now

    def be_late(self, late_s: float) -> None:
        """From now on every timer comes so many seconds late, as on an overloaded machine."""
        self._jumping.late_s = late_s


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end in virtual time; no task may be left behind.

    Args:
        main: The test.

    Returns:
        What it returned.

    Raises:
        asyncio.TimeoutError: It did not end within `LIMIT_S` virtual seconds.
    """
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(asyncio.wait_for(main, LIMIT_S))
    finally:
        left = [t for t in asyncio.all_tasks(loop) if not t.done()]
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=5))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
