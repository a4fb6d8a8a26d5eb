"""Gives a running asyncio event loop another clock, for which asyncio has no public interface.

In Python 3.10 .. 3.14 a loop calls its `time()` and waits in its selector.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def exchanged(
    loop: asyncio.AbstractEventLoop,
    *,
    time: Callable[[], float],
    selector: Callable[[Any], Any],
    run_in_executor: Callable[..., Any],
) -> Iterator[None]:
    """Replace how a loop tells the time, how it waits, and how it hands work to threads.

    Args:
        loop: One of asyncio's own.
        time: Replaces `loop.time`.
        selector: Makes the new selector from the old one.
        run_in_executor: Replaces `loop.run_in_executor`.

    Raises:
        TypeError: The loop is not one that waits in a selector.
    """
    known: Any = loop
    old = getattr(known, "_selector", None)
    if old is None:
        raise TypeError(
            f"expected an event loop of asyncio itself, got {type(loop).__name__}: run without "
            "uvloop and the like where time is to be virtual"
        )
    known._selector = selector(old)
    known.time, known.run_in_executor = time, run_in_executor
    try:
        yield
    finally:
        known._selector = old
        del known.time, known.run_in_executor
