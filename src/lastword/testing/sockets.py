"""Scripts what a provider does on a WebSocket, step by step.

    gateway.script("/v1/listen", websocket(receives(), closes(1011, "net0001")))

Any answer of `answers` refuses the handshake: `status(402, {...})`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from .answers import Answer

Step = Callable[[web.WebSocketResponse, web.Request], Awaitable[None]]
"""A step on an open WebSocket."""

_OVER = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


def websocket(*steps: Step) -> Answer:
    """Accept a WebSocket, run the steps, then listen until the other side closes.

    Args:
        steps: What to do, in order; none for a provider that never sends anything.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        for step in steps:
            if ws.closed:
                break
            await step(ws, request)
        async for _ in ws:
            pass
        return ws

    return answer


def receives(messages: int = 1) -> Step:
    """Wait for messages; a closed connection ends the wait."""

    async def step(ws: web.WebSocketResponse, _: web.Request) -> None:
        for _number in range(messages):
            if (await ws.receive()).type in _OVER:
                return

    return step


def sends(frame: Mapping[str, Any] | str | bytes) -> Step:
    """Send a message.

    Args:
        frame: A mapping is sent as JSON, text as text, bytes as a binary message.
    """

    async def step(ws: web.WebSocketResponse, _: web.Request) -> None:
        if isinstance(frame, bytes):
            await ws.send_bytes(frame)
        else:
            await ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    return step


def waits(seconds: float) -> Step:
    """Do nothing for a while; closing the gateway ends it earlier."""

    async def step(_: web.WebSocketResponse, __: web.Request) -> None:
        await asyncio.sleep(seconds)

    return step


def closes(code: int = 1000, reason: str = "") -> Step:
    """Close with the provider's code and a reason of at most 123 bytes."""

    async def step(ws: web.WebSocketResponse, _: web.Request) -> None:
        await ws.close(code=code, message=reason.encode())

    return step


def drops() -> Step:
    """Lose the connection without a closing frame."""

    async def step(_: web.WebSocketResponse, request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()

    return step
