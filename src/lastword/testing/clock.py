"""Lets time run without waiting: where the event loop would sleep, its clock jumps ahead.

A rehearsal of a minute takes as long as its work does. Threads are waited for in real time. Code
that talks to other processes must not run in virtual time, since the clock cannot know that an
answer is on its way.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from .._upstream import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

_THREAD_S = 10.0  # of real time; a thread that works for longer waits for the loop, most likely
_LOOK_S = 0.02


class Clock:
    """The time of a loop that never sleeps.

    Args:
        now: Its first time, in seconds.

    Attributes:
        now: The present time, in seconds.
        late_s: How late each timer comes, as on an overloaded machine.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self.late_s = 0.0
        self._working: dict[asyncio.Future[Any], float] = {}

    def time(self) -> float:
        """Return the time, as `loop.time` does."""
        return self.now

    def works(self, work: asyncio.Future[Any]) -> None:
        """Note a thread's work that must be over before the clock goes on."""
        self._working[work] = time.monotonic()
        work.add_done_callback(lambda done: self._working.pop(done, None))

    def select(self, selector: Any, timeout: float | None) -> Any:
        """Return what is ready; jump to the next timer if nothing is and no thread works."""
        ready = selector.select(0)
        if ready or timeout == 0:
            return ready
        is_awaited = any(time.monotonic() < at + _THREAD_S for at in self._working.values())
        if is_awaited or timeout is None:
            return selector.select(_LOOK_S)
        self.now += timeout + self.late_s
        return ready


class JumpingSelector:
    """A selector that never waits: it lets the clock jump instead."""

    def __init__(self, selector: Any, clock: Clock) -> None:
        self._selector = selector
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        """Do what `selectors.BaseSelector.select` does, without waiting."""
        return self._clock.select(self._selector, timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)


@contextlib.contextmanager
def virtual_time() -> Iterator[Clock]:
    """Make the running loop's time virtual inside; it continues from the loop's present time.

    Raises:
        RuntimeError: No event loop is running.
        TypeError: The loop is not asyncio's own.
    """
    loop = asyncio.get_running_loop()
    ticking = Clock(loop.time())
    run_in_executor = loop.run_in_executor

    def counted(*args: Any) -> asyncio.Future[Any]:
        work: asyncio.Future[Any] = run_in_executor(*args)
        ticking.works(work)
        return work

    with clock.exchanged(
        loop,
        time=ticking.time,
        selector=lambda selector: JumpingSelector(selector, ticking),
        run_in_executor=counted,
    ):
        yield ticking
