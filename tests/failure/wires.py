"""What providers answered on the wire when they failed, and what it meant.

Bodies are the recorded or documented ones of the providers; where a plugin's library drops the body
of a refused request, it stands here in the provider's documented form.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from lastword import FailureKind
from lastword.testing import gateway as gw

if TYPE_CHECKING:
    from lastword.testing.gateway import Answer

K = FailureKind


@dataclass(frozen=True)
class Wire:
    """One failure.

    Attributes:
        plugin: The plugin that meets it, a key of `providers.PLUGINS`.
        answer: What it is answered.
        kind: What it means.
        terminal: Whether it ends the session.
        quota: Whether it is the gateway's, so that its error is typed.
    """

    plugin: str
    answer: Answer
    kind: FailureKind
    terminal: bool
    quota: bool


def socket(*frames: dict[str, Any] | str, close: int | None = None, reason: str = "") -> Answer:
    """Accept a WebSocket, wait for a message, send frames, then close or stay."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.receive()
        for frame in frames:
            await ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        if close is not None:
            await ws.close(code=close, message=reason.encode())
        async for _ in ws:
            pass
        return ws

    return answer


def greeted(greeting: dict[str, Any], *, close: int, reason: str) -> Answer:
    """Accept a WebSocket, greet at once, then close."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_str(json.dumps(greeting))
        await ws.close(code=close, message=reason.encode())
        return ws

    return answer


def says_in_context(error: str) -> Answer:
    """Accept ElevenLabs' multi-context WebSocket and answer the first context with an error."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        context = (await ws.receive_json())["context_id"]
        await ws.send_str(json.dumps({"contextId": context, "error": error}))
        async for _ in ws:
            pass
        return ws

    return answer


def openai(code: int, message: str, type_: str, error_code: str | None) -> Answer:
    """The error object of OpenAI and of those that are compatible."""
    error = {"message": message, "type": type_, "param": None, "code": error_code}
    return gw.status(code, {"error": error})


def anthropic(code: int, type_: str, message: str, **more: Any) -> Answer:
    """The error object of Anthropic."""
    return gw.status(code, {"type": "error", "error": {"type": type_, "message": message, **more}})


def google(code: int, status: str, message: str, *details: dict[str, Any]) -> Answer:
    """The error object of Google."""
    error = {"code": code, "message": message, "status": status, "details": list(details)}
    return gw.status(code, {"error": error})


def _google_quota(quota_id: str) -> Answer:
    prefix = "type.googleapis.com/google.rpc."
    return google(
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details.",
        {"@type": prefix + "QuotaFailure", "violations": [{"quotaId": quota_id}]},
        {"@type": prefix + "RetryInfo", "retryDelay": "30s"},
    )


_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_KEY_ECHOED = "Incorrect API key provided: sk-marker-0123456789abcdef0123456789abcdef."
_DEEPGRAM_402 = {
    "err_code": "ASR_PAYMENT_REQUIRED",
    "err_msg": "Project does not have enough credits for an ASR request and does not have an "
    "overage agreement.",
    "request_id": "5b1c0a4e",
}
_ELEVENLABS_401 = {
    "detail": {
        "status": "quota_exceeded",
        "message": "This request exceeds your quota of 10000. You have 0 credits remaining, while "
        "91 credits are required for this request.",
    }
}


def ends(plugin: str, answer: Answer, kind: FailureKind, *, quota: bool = False) -> Wire:
    """A failure for good."""
    return Wire(plugin, answer, kind, terminal=True, quota=quota)


def passes(plugin: str, answer: Answer, kind: FailureKind, *, quota: bool = False) -> Wire:
    """A failure that a later turn may not meet."""
    return Wire(plugin, answer, kind, terminal=False, quota=quota)


WIRES: dict[str, Wire] = {
    # LiveKit's inference gateway: LLM, STT and TTS, credits and rate limits
    "livekit-llm-credits": ends(
        "livekit llm", gw.quota_exceeded("llm"), K.QUOTA_EXHAUSTED, quota=True
    ),
    "livekit-stt-credits": ends(
        "livekit stt", gw.quota_exceeded("stt"), K.QUOTA_EXHAUSTED, quota=True
    ),
    "livekit-tts-credits": ends(
        "livekit tts", gw.quota_exceeded("tts"), K.QUOTA_EXHAUSTED, quota=True
    ),
    "livekit-llm-rpm": passes(
        "livekit llm",
        gw.quota_exceeded("llm", "MaxConcurrentGatewayLLMRpm"),
        K.RATE_LIMITED,
        quota=True,
    ),
    "livekit-stt-concurrency": passes(
        "livekit stt",
        gw.quota_exceeded("stt", "MaxConcurrentGatewaySTTConnections"),
        K.RATE_LIMITED,
        quota=True,
    ),
    "livekit-tts-concurrency": passes(
        "livekit tts",
        gw.quota_exceeded("tts", "MaxConcurrentGatewayTTSConnections"),
        K.RATE_LIMITED,
        quota=True,
    ),
    "livekit-stt-429-in-frame": passes(
        "livekit stt", socket({"type": "error", "code": 429}), K.RATE_LIMITED
    ),
    "livekit-stt-401": ends("livekit stt", gw.status(401, "invalid token"), K.AUTH),
    # OpenAI
    "openai-insufficient-quota": ends(
        "openai llm",
        openai(429, _QUOTA, "insufficient_quota", "insufficient_quota"),
        K.QUOTA_EXHAUSTED,
    ),
    "openai-org-usage-limit": ends(
        "openai llm",
        openai(429, _QUOTA, "insufficient_quota", "organization_usage_limit_exceeded"),
        K.QUOTA_EXHAUSTED,
    ),
    "openai-billing-not-active": ends(
        "openai llm",
        openai(
            429,
            "Your account is not active, please check your billing details on our website.",
            "billing_not_active",
            "billing_not_active",
        ),
        K.ACCOUNT_DISABLED,
    ),
    "openai-invalid-key": ends(
        "openai llm", openai(401, _KEY_ECHOED, "invalid_request_error", "invalid_api_key"), K.AUTH
    ),
    "openai-model-not-found": ends(
        "openai llm",
        openai(
            404,
            "The model `gpt-x` does not exist or you do not have access to it.",
            "invalid_request_error",
            "model_not_found",
        ),
        K.MODEL_UNAVAILABLE,
    ),
    "openai-context-length": ends(
        "openai llm",
        openai(
            400,
            "Your input exceeds the context window of this model.",
            "invalid_request_error",
            "context_length_exceeded",
        ),
        K.CONTEXT_OVERFLOW,
    ),
    "openai-rate-limit": passes(
        "openai llm",
        openai(
            429,
            "Rate limit reached for gpt-4.1 on requests per min (RPM). Please try again in 20s.",
            "requests",
            "rate_limit_exceeded",
        ),
        K.RATE_LIMITED,
    ),
    "openai-overloaded": passes("openai llm", gw.server_error(), K.OVERLOADED),
    "openai-html-502": passes(
        "openai llm",
        gw.status(502, "<html><title>502 Bad Gateway</title></html>", content_type="text/html"),
        K.OVERLOADED,
    ),
    "openai-tts-insufficient-quota": ends(
        "openai tts",
        openai(429, _QUOTA, "insufficient_quota", "insufficient_quota"),
        K.QUOTA_EXHAUSTED,
    ),
    "openai-stt-invalid-key": ends(
        "openai stt", openai(401, _KEY_ECHOED, "invalid_request_error", "invalid_api_key"), K.AUTH
    ),
    "openai-realtime-401": ends(
        "openai realtime",
        openai(401, _KEY_ECHOED, "invalid_request_error", "invalid_api_key"),
        K.AUTH,
    ),
    "openai-realtime-quota": ends(
        "openai realtime",
        socket(
            {
                "type": "error",
                "event_id": "event_1",
                "error": {
                    "type": "insufficient_quota",
                    "code": "insufficient_quota",
                    "message": _QUOTA,
                    "param": None,
                    "event_id": None,
                },
            }
        ),
        K.QUOTA_EXHAUSTED,
    ),
    # Anthropic
    "anthropic-credit-balance": ends(
        "anthropic llm",
        anthropic(
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the "
            "Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
        ),
        K.QUOTA_EXHAUSTED,
    ),
    "anthropic-billing-402": ends(
        "anthropic llm",
        anthropic(402, "billing_error", "Your account has a billing issue."),
        K.QUOTA_EXHAUSTED,
    ),
    "anthropic-organization-disabled": ends(
        "anthropic llm",
        anthropic(400, "invalid_request_error", "This organization has been disabled."),
        K.ACCOUNT_DISABLED,
    ),
    "anthropic-overloaded": passes(
        "anthropic llm", anthropic(529, "overloaded_error", "Overloaded"), K.OVERLOADED
    ),
    # Google
    "google-per-day": ends(
        "google llm",
        _google_quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
        K.QUOTA_EXHAUSTED,
    ),
    "google-per-minute": passes(
        "google llm",
        _google_quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
        K.RATE_LIMITED,
    ),
    "google-key-invalid": ends(
        "google llm",
        google(
            400,
            "INVALID_ARGUMENT",
            "API Key not found. Please pass a valid API key.",
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
        ),
        K.AUTH,
    ),
    "google-overloaded": passes(
        "google llm",
        google(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        K.OVERLOADED,
    ),
    # Deepgram: the STT's handshake and its one-shot request, the TTS's handshake
    "deepgram-stt-402": ends("deepgram stt", gw.status(402, _DEEPGRAM_402), K.QUOTA_EXHAUSTED),
    "deepgram-stt-401": ends(
        "deepgram stt",
        gw.status(401, {"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."}),
        K.AUTH,
    ),
    "deepgram-stt-429": passes(
        "deepgram stt",
        gw.status(429, {"err_code": "TOO_MANY_REQUESTS", "err_msg": "Too many requests."}),
        K.RATE_LIMITED,
    ),
    "deepgram-stt-1011": passes(
        "deepgram stt",
        socket(
            close=1011,
            reason="Deepgram did not receive audio data or a text message within "
            "the timeout window. See https://dpgr.am/net0001",
        ),
        K.CONNECTION,
    ),
    "deepgram-stt-once-402": ends(
        "deepgram stt once", gw.status(402, _DEEPGRAM_402), K.QUOTA_EXHAUSTED
    ),
    "deepgram-tts-402": ends("deepgram tts", gw.status(402, _DEEPGRAM_402), K.QUOTA_EXHAUSTED),
    # ElevenLabs
    "elevenlabs-tts-quota": ends(
        "elevenlabs tts", gw.status(401, _ELEVENLABS_401), K.QUOTA_EXHAUSTED
    ),
    "elevenlabs-tts-key": ends(
        "elevenlabs tts",
        gw.status(401, {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}}),
        K.AUTH,
    ),
    "elevenlabs-tts-busy": passes(
        "elevenlabs tts",
        gw.status(429, {"detail": {"status": "system_busy", "message": "Please retry."}}),
        K.OVERLOADED,
    ),
    "elevenlabs-stt-quota": ends(
        "elevenlabs stt", gw.status(401, _ELEVENLABS_401), K.QUOTA_EXHAUSTED
    ),
    "elevenlabs-tts-quota-in-context": ends(
        "elevenlabs tts",
        says_in_context("quota_exceeded: You have 0 credits remaining."),
        K.QUOTA_EXHAUSTED,
    ),
    "elevenlabs-stt-quota-in-frame": ends(
        "elevenlabs stt",
        socket({"message_type": "quota_exceeded", "error": "You have exceeded your quota."}),
        K.QUOTA_EXHAUSTED,
    ),
    # Cartesia
    "cartesia-tts-402": ends(
        "cartesia tts",
        gw.status(
            402, "You have run out of credits. Upgrade your plan.", content_type="text/plain"
        ),
        K.QUOTA_EXHAUSTED,
    ),
    "cartesia-tts-401": ends(
        "cartesia tts", gw.status(401, "Invalid API key", content_type="text/plain"), K.AUTH
    ),
    "cartesia-tts-429": passes(
        "cartesia tts",
        gw.status(429, "Too many concurrent requests", content_type="text/plain"),
        K.RATE_LIMITED,
    ),
    "cartesia-stt-402": ends(
        "cartesia stt",
        gw.status(
            402, "You have run out of credits. Upgrade your plan.", content_type="text/plain"
        ),
        K.QUOTA_EXHAUSTED,
    ),
    # AssemblyAI: a refused handshake, closes after the greeting
    "assemblyai-401": ends(
        "assemblyai stt", gw.status(401, "Not authorized", content_type="text/plain"), K.AUTH
    ),
    "assemblyai-balance": ends(
        "assemblyai stt",
        greeted(
            {"type": "Begin", "id": "1", "expires_at": 0},
            close=1008,
            reason="Unauthorized Connection: Insufficient account balance",
        ),
        K.QUOTA_EXHAUSTED,
    ),
    "assemblyai-server": passes(
        "assemblyai stt",
        greeted(
            {"type": "Begin", "id": "1", "expires_at": 0},
            close=3005,
            reason="Session Cancelled: An error occurred",
        ),
        K.OVERLOADED,
    ),
}
