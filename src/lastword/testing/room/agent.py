"""Joins a room as an agent does."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from livekit import rtc

from ...bounded import within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .server import Access

AGENT = "agent"


@asynccontextmanager
async def joined(
    access: Access, room_name: str, *, identity: str = AGENT, url: str | None = None
) -> AsyncIterator[rtc.Room]:
    """Join a room as an agent, and leave it at the end.

    Args:
        access: To the server where the room is.
        room_name: Its name.
        identity: The agent's.
        url: Where it finds the server, if not directly.
    """
    room = rtc.Room()
    token = access.token(identity, room_name, kind="agent")
    await within(room.connect(url or access.url, token), 15)
    try:
        yield room
    finally:
        await within(room.disconnect(), 10)
