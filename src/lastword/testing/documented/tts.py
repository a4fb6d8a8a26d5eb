"""Lists the documented failures of TTSs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from lastword.failure.kinds import FailureKind

from .. import answers as gw
from .failure import answered, ends, passes, recorded
from .forms import aws, in_context, narrowed, socket

if TYPE_CHECKING:
    from ..answers import Answer

_K = FailureKind
_ELEVENLABS_401 = {
    "detail": {
        "status": "quota_exceeded",
        "message": "This request exceeds your quota of 10000. You have 0 credits remaining, while "
        "91 credits are required for this request.",
    }
}


def _text(code: int, text: str) -> Answer:
    return gw.status(code, text, content_type="text/plain")


def _streamed(exception: dict[str, Any]) -> Answer:
    """Send the error in a stream of events over HTTP 200, as MiniMax does."""
    line = f"data: {json.dumps(exception['cause']['body'])}\n\n"
    return gw.status(200, line, content_type="text/event-stream")


def _framed(exception: dict[str, Any]) -> Answer:
    """Send the error in a frame, as MiniMax does."""
    return socket(exception["cause"]["body"])


def _done_with_error() -> Answer:
    """Send Cartesia's error frame, which says `done` too; the plugin looks at that first."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        context = (await ws.receive_json())["context_id"]
        error = {"type": "error", "done": True, "status_code": 402, "error": "credits exhausted"}
        await ws.send_json({"context_id": context, **error})
        async for _ in ws:
            pass
        return ws

    return answer


FAILURES = {
    # LiveKit's inference gateway
    "livekit-tts-credits": ends(
        "livekit tts", gw.quota_exceeded("tts"), _K.QUOTA_EXHAUSTED, quota=True
    ),
    "livekit-tts-concurrency": passes(
        "livekit tts",
        gw.quota_exceeded("tts", "MaxConcurrentGatewayTTSConnections"),
        _K.RATE_LIMITED,
        quota=True,
    ),
    **answered("livekit tts", "livekit-inference-tts-close", socket(close=1000)),
    # OpenAI
    **recorded("openai tts", narrowed, "openai-tts-insufficient-quota"),
    # Groq: the plugin drops the body
    **answered(
        "groq tts",
        "groq-tts-body-dropped",
        gw.openai_error(
            429,
            "Rate limit reached on requests per minute (RPM): Limit 10, Used 10, Requested 1.",
            type_="requests",
            code="rate_limit_exceeded",
        ),
    ),
    "groq-tts-tokens-per-day": ends(
        "groq tts",
        gw.openai_error(
            429,
            "Rate limit reached on tokens per day (TPD): Limit 3600. Please try again in 6m0s.",
            type_="tokens",
            code="rate_limit_exceeded",
        ),
        _K.QUOTA_EXHAUSTED,
    ),
    # AWS
    **recorded("aws tts", aws, "polly-throttling"),
    # Deepgram
    **answered(
        "deepgram tts once",
        "deepgram-tts-http-429",
        gw.status(429, {"err_code": "TOO_MANY_REQUESTS", "err_msg": "Too many requests."}),
    ),
    "deepgram-tts-402": ends(
        "deepgram tts",
        gw.status(402, {"err_code": "TTS_PAYMENT_REQUIRED", "err_msg": "Not enough credits."}),
        _K.QUOTA_EXHAUSTED,
    ),
    # ElevenLabs
    **answered(
        "elevenlabs tts",
        "elevenlabs-tts-handshake-401",
        gw.status(401, {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}}),
    ),
    **answered(
        "elevenlabs tts",
        "elevenlabs-tts-ws-quota-in-context",
        in_context("quota_exceeded"),
    ),
    **answered(
        "elevenlabs tts",
        "elevenlabs-tts-ws-unusual-activity-no-context",
        socket(
            {"message": "Unusual activity detected.", "error": "detected_unusual_activity"},
            close=1008,
        ),
    ),
    "elevenlabs-tts-quota": ends(
        "elevenlabs tts", gw.status(401, _ELEVENLABS_401), _K.QUOTA_EXHAUSTED
    ),
    "elevenlabs-tts-busy": passes(
        "elevenlabs tts",
        gw.status(429, {"detail": {"status": "system_busy", "message": "Please retry."}}),
        _K.OVERLOADED,
    ),
    # Cartesia
    **answered("cartesia tts", "cartesia-tts-handshake-401", _text(401, "Invalid API key")),
    **answered("cartesia tts once", "cartesia-tts-http-429", _text(429, "Too many requests")),
    **answered(
        "cartesia tts",
        "cartesia-tts-ws-error-done-swallowed",
        _done_with_error(),
        patience_s=0.2,
    ),
    "cartesia-tts-402": ends(
        "cartesia tts",
        _text(402, "You have run out of credits. Upgrade your plan."),
        _K.QUOTA_EXHAUSTED,
    ),
    "cartesia-tts-429": passes(
        "cartesia tts", _text(429, "Too many concurrent requests"), _K.RATE_LIMITED
    ),
    # MiniMax
    **recorded("minimax tts once", _streamed, "minimax-http-1002-rate-limit"),
    **recorded("minimax tts", _framed, "minimax-ws-1008-insufficient-balance"),
}
"""Name -> failure; a recorded case has its id as name."""
