"""Lets sessions of realtime plugins wait before they connect, in rehearsals, never in a call.

Those of OpenAI, Azure, xAI and Google connect in `_main_task`, which begins when they are made
(1.4.6 .. 1.8.9); the session of any other plugin connects as it likes.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

from livekit.agents import llm

from .components import derived_from

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


@contextlib.contextmanager
def waiting(begins: Callable[[], Awaitable[bool]]) -> Iterator[None]:
    """Let the sessions that are made inside wait before they connect.

    Args:
        begins: Waits; returns whether the session is still to connect.
    """
    changed = [cls for cls in derived_from(llm.RealtimeSession) if "_main_task" in vars(cls)]
    own = [vars(cls)["_main_task"] for cls in changed]
    for cls in changed:
        cls._main_task = _late(cls._main_task, begins)
    try:
        yield
    finally:
        for cls, original in zip(changed, own, strict=True):
            cls._main_task = original


def _late(
    original: Callable[[Any], Awaitable[None]], begins: Callable[[], Awaitable[bool]]
) -> Callable[[Any], Awaitable[None]]:
    @functools.wraps(original)
    async def _main_task(self: Any) -> None:
        if await begins():
            await original(self)

    return _main_task
