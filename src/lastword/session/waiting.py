"""Waits that always end; owns no state. Imports nothing of ours."""

from __future__ import annotations

import asyncio
from typing import Any


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
