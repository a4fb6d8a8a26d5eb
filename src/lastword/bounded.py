"""Foreign work within a time limit; owns the tasks left behind. Imports nothing of ours."""

from __future__ import annotations

import asyncio
from typing import Any

CANCEL_S = 1.0
"""Work that swallows its cancellation for longer than this is left to itself."""

_running: set[asyncio.Task[Any]] = set()  # the loop itself holds tasks only weakly


async def ends(task: asyncio.Task[Any], *, timeout_s: float) -> bool:
    """Wait for a task, and cancel it when it takes too long or nobody waits for it any more.

    Args:
        task: The work; it is held until it is over, however long that takes.
        timeout_s: How long it may take, in seconds.

    Returns:
        Whether it ended by itself in time; `task.result()` then says how.
    """
    _running.add(task)
    task.add_done_callback(_running.discard)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
        if task.done():
            return True
    finally:
        task.cancel()
    await asyncio.wait({task}, timeout=CANCEL_S)
    return False
