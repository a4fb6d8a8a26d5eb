"""Runs a test on a loop whose clock jumps to the next timer, and sees that it leaves no task."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

from lastword.testing.clock import Clock, JumpingSelector

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

LIMIT_S = 600.0
"""Virtual seconds after which a test that never ends is failed."""
GRACE_S = 5.0
"""Virtual seconds in which lastword's own tasks must end after a test: all that they wait for when
a session is over is bounded below that."""
FOREIGN_S = 20.0
"""Virtual seconds for the tasks of others to end once they are cancelled."""
FOREIGN_ROUNDS = 3
"""How often they are: some begin others while they end, some swallow the first time."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time, which begins at 1000 s.

    Attributes:
        clock: Its time.
    """

    def __init__(self) -> None:
        self.clock = Clock(1000.0)
        super().__init__(JumpingSelector(selectors.DefaultSelector(), self.clock))  # type: ignore[arg-type]

    def time(self) -> float:
        return self.clock.time()

    def run_in_executor(self, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        work = super().run_in_executor(*args)
        self.clock.works(work)
        return work


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run a test to its end in virtual time; lastword may leave no task behind.

    Args:
        main: The test.

    Returns:
        What it returned.

    Raises:
        asyncio.TimeoutError: It did not end within `LIMIT_S` virtual seconds.
        AssertionError: Tasks of lastword still ran `GRACE_S` virtual seconds after it.
    """
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        result = loop.run_until_complete(asyncio.wait_for(main, LIMIT_S))
        own = {task for task in asyncio.all_tasks(loop) if task.get_name().startswith("lastword")}
        if own:
            _, own = loop.run_until_complete(asyncio.wait(own, timeout=GRACE_S))
        assert not own, f"expected no task of lastword after the test, got {own}"
        return result
    finally:
        for _ in range(FOREIGN_ROUNDS):
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left, timeout=FOREIGN_S))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
