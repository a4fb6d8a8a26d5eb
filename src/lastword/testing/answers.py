"""Makes the HTTP answers of a scripted provider that fails: refusals, stalls, broken streams.

Each function returns an answer for `Gateway.script`; `sockets` has those for WebSockets.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from .exceptions import quota_body

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""How one request is answered: any aiohttp handler."""

STALL_S = 60.0
"""How long a stalled answer hangs, at most; closing the gateway ends it earlier."""

_CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}
_RATE = 24000


def status(
    code: int,
    body: Mapping[str, Any] | str | bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Answer:
    """Answer with a status and a body; works for WebSocket handshakes too.

    Args:
        code: The HTTP status.
        body: A mapping is sent as JSON, text as UTF-8, bytes as they are.
        headers: Additional headers, for instance `{"retry-after": "20"}`.
        content_type: The media type of the body.
    """
    data = json.dumps(body) if isinstance(body, Mapping) else body
    payload = data.encode() if isinstance(data, str) else data

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code, body=payload, headers=headers, content_type=content_type)

    return answer


def quota_exceeded(
    quota_type: str = "llm", category: str = "MaxGatewayCredits", *, limit: int = 100
) -> Answer:
    """Refuse as LiveKit's inference gateway does when a quota is used up: 429 and a typed body.

    Args:
        quota_type: "llm", "stt", "tts", "bargein" or "eot".
        category: "MaxGatewayCredits", "MaxBargeInRequests" or "MaxEotRequests" for credits that
            are gone, "MaxConcurrentGatewayLLMRpm" and the like for a rate limit.
        limit: The limit that the headers give, all of it used.
    """
    return status(
        429,
        quota_body(quota_type, category),
        headers={
            "X-LiveKit-Inference-Credits-Limit": str(limit),
            "X-LiveKit-Inference-Credits-Used": str(limit),
        },
    )


def out_of_credits() -> Answer:
    """Refuse as OpenAI and compatible providers do when the credits are used up."""
    return openai_error(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        type_="insufficient_quota",
        code="insufficient_quota",
    )


def rate_limited(retry_after_s: float = 20.0) -> Answer:
    """Refuse as OpenAI and compatible providers do when a limit per minute is exceeded.

    Args:
        retry_after_s: What the `Retry-After` header says, in seconds.
    """
    return openai_error(
        429,
        f"Rate limit reached on requests per min (RPM). Please try again in {retry_after_s:g}s.",
        type_="requests",
        code="rate_limit_exceeded",
        headers={"retry-after": f"{retry_after_s:g}"},
    )


def unauthorized() -> Answer:
    """Refuse with 401 as OpenAI and compatible providers do for a wrong key."""
    return openai_error(401, "Incorrect API key provided.", code="invalid_api_key")


def overloaded(code: int = 503) -> Answer:
    """Fail as an overloaded provider does."""
    message = "The server is overloaded. Please try again later."
    return openai_error(code, message, type_="server_error")


def openai_error(
    status_code: int,
    message: str,
    *,
    type_: str = "invalid_request_error",
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Answer with an error object of OpenAI's form.

    Args:
        status_code: The HTTP status.
        message: The text for developers.
        type_: The kind of error, for instance "insufficient_quota".
        code: The code, for instance "model_not_found".
        headers: Additional headers.
    """
    error = {"message": message, "type": type_, "param": None, "code": code}
    return status(status_code, {"error": error}, headers=headers)


def stall(seconds: float = STALL_S) -> Answer:
    """Accept the request and say nothing, then close."""

    async def answer(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.Response(status=504)

    return answer


def breaks_after(text: str = "") -> Answer:
    """Begin to stream a chat completion, then lose the connection in the middle."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await _open_stream(request)
        for word in text.split():
            await _send_delta(response, {"role": "assistant", "content": word + " "}, None)
        await response.write(b'data: {"id": "chatcmpl-1", "cho')
        if request.transport is not None:
            request.transport.abort()
        return response

    return answer


def fails_inside(error: Mapping[str, Any], text: str = "") -> Answer:
    """Begin to stream a chat completion with status 200, then send an error inside the stream.

    Args:
        error: The provider's error object.
        text: The words that are streamed before it.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await _open_stream(request)
        for word in text.split():
            await _send_delta(response, {"role": "assistant", "content": word + " "}, None)
        await response.write(f"data: {json.dumps({'error': error})}\n\n".encode())
        return response

    return answer


async def _open_stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    return response


async def _send_delta(
    response: web.StreamResponse, delta: Mapping[str, str], finish: str | None
) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = json.dumps({**_CHUNK, "choices": [choice]})
    await response.write(f"data: {chunk}\n\n".encode())
