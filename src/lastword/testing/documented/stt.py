"""Lists the documented failures of STTs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lastword.failure.kinds import FailureKind

from .. import answers as gw
from .failure import answered, ends, passes, recorded
from .forms import closed, openai, socket, whole

if TYPE_CHECKING:
    from ..answers import Answer

_K = FailureKind
_KEY_ECHOED = "Incorrect API key provided: sk-proj-****cdef."
_PAYMENT = {
    "err_code": "ASR_PAYMENT_REQUIRED",
    "err_msg": "Project does not have enough credits for an ASR request and does not have an "
    "overage agreement.",
    "request_id": "5b1c0a4e",
}
_SCOPE = {
    "err_code": "INSUFFICIENT_PERMISSIONS",
    "err_msg": "User does not have sufficient permissions.",
    "request_id": "5b1c0a4e",
}
_ELEVENLABS_401 = {
    "detail": {
        "status": "quota_exceeded",
        "message": "This request exceeds your quota of 10000. You have 0 credits remaining, while "
        "91 credits are required for this request.",
    }
}
_BEGIN = {"type": "Begin", "id": "1", "expires_at": 0}


def _after_greeting(exception: dict[str, Any]) -> Answer:
    """Greet, then close, as AssemblyAI does."""
    reason = exception["body"].partition("msg.extra=")[2].strip("'")
    return socket(greeting=_BEGIN, close=exception["status_code"], reason=reason)


def _said(exception: dict[str, Any]) -> Answer:
    """Send the error in a frame, as Soniox does."""
    return socket(exception["body"])


def _typed(error: str) -> Answer:
    """Send ElevenLabs' error frame."""
    return socket({"message_type": error, "error": "You are not allowed to do this."})


def _named(exception: dict[str, Any]) -> Answer:
    """Refuse to begin, as Speechmatics does, and name the reason."""
    return socket(exception["body"], close=1000)


FAILURES = {
    # LiveKit's inference gateway
    "livekit-stt-credits": ends(
        "livekit stt", gw.quota_exceeded("stt"), _K.QUOTA_EXHAUSTED, quota=True
    ),
    "livekit-stt-concurrency": passes(
        "livekit stt",
        gw.quota_exceeded("stt", "MaxConcurrentGatewaySTTConnections"),
        _K.RATE_LIMITED,
        quota=True,
    ),
    "livekit-stt-401": ends("livekit stt", gw.status(401, "invalid token"), _K.AUTH),
    **answered(
        "livekit stt",
        "livekit-inference-stt-error-frame",
        socket({"type": "error", "code": 429}),
    ),
    # OpenAI
    "openai-stt-invalid-key": ends(
        "openai stt", openai(401, _KEY_ECHOED, "invalid_request_error", "invalid_api_key"), _K.AUTH
    ),
    **answered(
        "openai stt realtime",
        "openai-stt-realtime-handshake-401-raw",
        openai(401, _KEY_ECHOED, "invalid_request_error", "invalid_api_key"),
    ),
    # Deepgram: handshakes, a one-shot request, closes
    **answered("deepgram stt", "deepgram-stt-handshake-402", gw.status(402, _PAYMENT)),
    **answered("deepgram stt", "deepgram-stt-handshake-403-model", gw.status(403, _SCOPE)),
    "deepgram-stt-401": ends(
        "deepgram stt",
        gw.status(401, {"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."}),
        _K.AUTH,
    ),
    "deepgram-stt-429": passes(
        "deepgram stt",
        gw.status(429, {"err_code": "TOO_MANY_REQUESTS", "err_msg": "Too many requests."}),
        _K.RATE_LIMITED,
    ),
    **recorded("deepgram stt", closed, "deepgram-stt-close-1011"),
    # the plugin takes the refusal for a transcript; what it was is known from the body alone
    "deepgram-stt-http-402": ends(
        "deepgram stt once", gw.status(402, _PAYMENT), _K.QUOTA_EXHAUSTED
    ),
    **answered(
        "deepgram stt flux",
        "deepgram-flux-error-frame-swallowed",
        socket({"type": "Error", "code": "INTERNAL_SERVER_ERROR", "description": "x"}, close=1011),
    ),
    # ElevenLabs
    **recorded("elevenlabs stt once", whole, "elevenlabs-stt-http-401-quota"),
    **answered("elevenlabs stt", "elevenlabs-stt-ws-auth-error", _typed("auth_error")),
    **answered("elevenlabs stt", "elevenlabs-stt-ws-quota", _typed("quota_exceeded")),
    **answered(
        "elevenlabs stt",
        "elevenlabs-stt-ws-rate-limited-unknown-type",
        socket({"message_type": "rate_limited", "error": "Too many requests."}, close=1008),
    ),
    "elevenlabs-stt-handshake-quota": ends(
        "elevenlabs stt", gw.status(401, _ELEVENLABS_401), _K.QUOTA_EXHAUSTED
    ),
    # Cartesia
    "cartesia-stt-402": ends(
        "cartesia stt",
        gw.status(
            402, "You have run out of credits. Upgrade your plan.", content_type="text/plain"
        ),
        _K.QUOTA_EXHAUSTED,
    ),
    # AssemblyAI
    **answered(
        "assemblyai stt",
        "assemblyai-stt-handshake-401-raw",
        gw.status(401, "Not authorized", content_type="text/plain"),
    ),
    **recorded(
        "assemblyai stt",
        _after_greeting,
        "assemblyai-stt-1008-account",
        "assemblyai-stt-1008-missing-auth",
        "assemblyai-stt-3005-server",
        "assemblyai-stt-4001-not-authorized-v2",
    ),
    # Soniox, Speechmatics
    **recorded("soniox stt", _said, "soniox-400-invalid-model", "soniox-503-restart"),
    **recorded(
        "speechmatics stt",
        _named,
        "speechmatics-not-authorised",
        "speechmatics-quota-exceeded-is-concurrency",
    ),
    # Azure's SDK is native; it takes a host
    **answered("azure stt", "azure-stt-401", gw.status(401, "Access denied")),
}
"""Name -> failure; a recorded case has its id as name."""
