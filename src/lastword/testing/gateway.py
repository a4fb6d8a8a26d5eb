"""A scripted provider on 127.0.0.1 to rehearse outages against; owns the server and its answers.

    async with Gateway() as gateway:
        gateway.script("/v1/chat/completions", says("Hello."), quota_exceeded())
        llm = openai.LLM(base_url=gateway.url + "/v1", api_key="none")

The first request is answered "Hello.", every later one is refused as LiveKit's inference gateway
refuses a project without credits. Any OpenAI-compatible LLM, `livekit.agents.inference.LLM` too,
asks that path. Imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""How one request is answered: any aiohttp handler will do."""

STALL_S = 60.0
"""How long a stalled answer hangs at most; closing the gateway ends it earlier."""

_CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}


@dataclass(frozen=True)
class Received:
    """A request as it came.

    Attributes:
        method: "GET" (also for WebSockets) or "POST".
        path: The path without the query.
        query: The parameters of the query; of repeated ones the last.
        headers: The headers, names as they came.
        body: The whole body; empty for a WebSocket.
        at_s: The event loop's time when it came, in seconds.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at_s: float


class Gateway:
    """A server for scripted answers, an async context manager; its port is chosen free.

    A path that has no script is answered with status 404 and a line that names it.

    Attributes:
        requests: What came, in order.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self._scripts: dict[str, list[Answer]] = {}
        self._runner: web.AppRunner | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Where it listens: "http://127.0.0.1:PORT", without a slash at the end.

        Raises:
            RuntimeError: The gateway is not running.
        """
        if not self._url:
            raise RuntimeError(
                "the gateway is not running: expected `async with Gateway() as gateway:` around"
            )
        return self._url

    @property
    def ws_url(self) -> str:
        """The same for WebSockets: "ws://127.0.0.1:PORT"."""
        return "ws" + self.url.removeprefix("http")

    def script(self, path: str, *answers: Answer) -> None:
        """Set what a path answers, one answer per request; the last one goes on for ever.

        Args:
            path: The exact path, or one ending in "*" for all that begin so; exact ones win, then
                longer ones.
            answers: One at least; replaces the earlier script of this path.

        Raises:
            ValueError: No answer was given.
        """
        if not answers:
            raise ValueError(f"a script needs an answer: expected one at least for {path!r}")
        self._scripts[path] = list(answers)

    def asked(self, path: str) -> int:
        """Count the requests that came to a path."""
        return sum(request.path == path for request in self.requests)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._serve)
        # Answers that stall are cancelled when the server goes down, not waited for.
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None
        self._url = ""

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        received = Received(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers=dict(request.headers),
            body=await request.read(),
            at_s=asyncio.get_running_loop().time(),
        )
        self.requests.append(received)
        return await self._next_answer(request.path)(request)

    def _next_answer(self, path: str) -> Answer:
        script = self._scripts.get(path)
        if script is None:
            fitting = [p for p in self._scripts if p.endswith("*") and path.startswith(p[:-1])]
            if not fitting:
                return status(404, {"error": {"message": f"no script for {path}"}})
            script = self._scripts[max(fitting, key=len)]
        return script.pop(0) if len(script) > 1 else script[0]


def status(
    code: int,
    body: Mapping[str, Any] | str | bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Answer:
    """Answer with a status and a body, WebSocket handshakes too.

    Args:
        code: The HTTP status.
        body: A mapping is sent as JSON, text as UTF-8, bytes as they are.
        headers: More headers, for instance `{"retry-after": "20"}`.
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
        limit: What the headers give as limit and as used.
    """
    return status(
        429,
        {
            "type": "inference_quota_exceeded",
            "error": f"{quota_type.upper()} quota exceeded, category: {category}, "
            "remaining_limit: 0",
            "hint": "Wait for the next billing cycle or upgrade your plan.",
            "quota_type": quota_type,
            "category": category,
            "remaining_limit": "0",
            "free_tier": "false",
            "documentation_url": "https://livekit.com/pricing",
        },
        headers={
            "X-LiveKit-Inference-Credits-Limit": str(limit),
            "X-LiveKit-Inference-Credits-Used": str(limit),
        },
    )


def unauthorized() -> Answer:
    """Refuse with 401 as an OpenAI-compatible provider does for a wrong key."""
    error = {"message": "Incorrect API key provided.", "type": "invalid_request_error",
             "param": None, "code": "invalid_api_key"}  # fmt: skip
    return status(401, {"error": error})


def server_error(code: int = 503) -> Answer:
    """Fail as an overloaded OpenAI-compatible provider does."""
    error = {"message": "The server is overloaded. Please try again later.",
             "type": "server_error", "param": None, "code": None}  # fmt: skip
    return status(code, {"error": error})


def stall(seconds: float = STALL_S) -> Answer:
    """Accept the request and say nothing, then close."""

    async def answer(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.Response(status=504)

    return answer


def says(text: str) -> Answer:
    """Answer a chat completion well, streamed word by word."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await _open_stream(request)
        for word in text.split(" "):
            await _send_delta(response, {"role": "assistant", "content": word + " "}, None)
        await _send_delta(response, {}, "stop")
        await response.write(b"data: [DONE]\n\n")
        return response

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
        text: What is streamed before.
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
