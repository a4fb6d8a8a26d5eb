"""Serves scripted answers on 127.0.0.1, as a provider to rehearse outages against.

    async with Gateway() as gateway:
        gateway.script("/v1/chat/completions", says("Hello."), quota_exceeded())
        llm = openai.LLM(base_url=gateway.url + "/v1", api_key="none")

The first request is answered "Hello.", every later one is refused as LiveKit's inference gateway
refuses a project without credits. `turns` and `speech` have the answers of a healthy
provider, `answers` all others over HTTP, `sockets` the steps on WebSockets; all are names of this
module too. Where plugins ask, and the argument that sends them there:

    component                       argument                          path to script
    ------------------------------  --------------------------------  -----------------------------
    inference.LLM, openai.LLM and   base_url=url + "/v1"              /v1/chat/completions
      any compatible one
    openai.TTS, openai.STT          base_url=url + "/v1"              /v1/audio/speech,
                                                                      /v1/audio/transcriptions
    openai.realtime.RealtimeModel   base_url=url + "/v1"              /v1/realtime
    google.realtime.RealtimeModel   http_options=HttpOptions(         /ws/*
                                      base_url=url); Google's SDK
                                      insists on TLS: let a proxy
                                      end it
    inference.STT, inference.TTS    base_url=url                      /stt, /tts
    anthropic.LLM                   base_url=url                      /v1/messages
    google.LLM                      http_options=HttpOptions(         /v1*
                                      base_url=url)
    deepgram.STT, deepgram.TTS      base_url=url + "/v1/listen",      /v1/listen, /v1/speak
                                      url + "/v1/speak"
    elevenlabs.TTS, elevenlabs.STT  base_url=url + "/v1"              /v1/text-to-speech/*,
                                                                      /v1/speech-to-text/*
    cartesia.TTS, cartesia.STT      base_url=url                      /tts/*, /stt/*
    assemblyai.STT                  base_url=ws_url                   /v3/*
    openai.LLM.with_azure           azure_endpoint=url                /openai/*
    openai.responses.LLM            base_url=ws_url + "/v1/responses" /v1/responses
    groq.LLM, groq.TTS              base_url=url + "/v1"              /v1/chat/completions,
                                                                      /v1/audio/speech
    minimax.TTS                     base_url=url                      /ws/v1/t2a_v2
    soniox.STT                      base_url=ws_url + "/soniox"       /soniox
    speechmatics.STT                base_url=ws_url + "/v2/agent"     /v2*
    azure.STT                       speech_host=ws_url                /speech/*
    aws.LLM, aws.TTS                AWS_ENDPOINT_URL=url in the       /model/*, /v1/speech
                                      environment
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from .answers import (
    Answer,
    breaks_after,
    fails_inside,
    openai_error,
    out_of_credits,
    overloaded,
    quota_exceeded,
    rate_limited,
    stall,
    status,
    unauthorized,
)
from .sockets import Step, closes, drops, receives, sends, waits, websocket
from .speech import hears, speaks
from .turns import calls_tool, says, says_nothing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

__all__ = [
    "Answer",
    "Gateway",
    "Received",
    "Step",
    "breaks_after",
    "calls_tool",
    "closes",
    "drops",
    "fails_inside",
    "hears",
    "openai_error",
    "out_of_credits",
    "overloaded",
    "quota_exceeded",
    "rate_limited",
    "receives",
    "says",
    "says_nothing",
    "sends",
    "speaks",
    "stall",
    "status",
    "unauthorized",
    "waits",
    "websocket",
]


@dataclass(frozen=True)
class Received:
    """A request, as it arrived.

    Attributes:
        method: "GET" (also for WebSockets) or "POST".
        path: The path without the query.
        query: The parameters of the query; the last of repeated ones.
        headers: The headers, with their names as sent.
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
    """A server for scripted answers, as an async context manager; it takes a free port.

    A path that has no script is answered with status 404 and a line that names it.

    Attributes:
        requests: The requests received, in order.
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
        """Set what a path answers, one answer per request; the last one is repeated forever.

        Args:
            path: The exact path, or one ending in "*" for all that begin like it; exact ones win,
                then longer ones.
            answers: At least one; they replace the earlier script of this path.

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
        # When the server shuts down, stalled answers are cancelled, not waited for.
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
