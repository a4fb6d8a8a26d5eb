"""Says what a failure is; owns `classify`. Never raises, does no I/O, knows no session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from .kinds import Component, Failure, FailureKind
from .quota import InferenceQuotaExceededError
from .redact import redact

_COMPONENTS: dict[str, Component] = {
    "llm_error": "llm",
    "stt_error": "stt",
    "tts_error": "tts",
    "realtime_model_error": "realtime",
    "interruption_detection_error": "interruption",
}

_FIRST_SERVER_ERROR = 500

# status -> kind, terminal; facts hold for any provider that says nothing more specific
_STATUSES: dict[int, tuple[FailureKind, bool]] = {
    400: (FailureKind.BAD_REQUEST, False),
    401: (FailureKind.AUTH, True),
    402: (FailureKind.QUOTA_EXHAUSTED, True),
    403: (FailureKind.AUTH, True),
    404: (FailureKind.MODEL_UNAVAILABLE, True),
    408: (FailureKind.TIMEOUT, False),
    429: (FailureKind.RATE_LIMITED, False),
    504: (FailureKind.TIMEOUT, False),
}


def _body(error: BaseException) -> Any:
    """The body that the SDK below a plugin still holds, else the plugin's own."""
    response = getattr(error.__context__, "response", None)
    try:
        return response.json() if response is not None else getattr(error, "body", None)
    except Exception:  # noqa: BLE001 - a streamed response, or a body that is no JSON
        return getattr(error, "body", None)


def classify(error: object) -> Failure:
    """Say what a failure is: an exception, an `LLMError` and the like, or an `ErrorEvent`."""
    component: Component = "unknown"
    for _ in range(2):
        component = _COMPONENTS.get(getattr(error, "type", ""), component)
        inner = getattr(error, "error", None)
        if isinstance(error, BaseException) or inner is None:
            break
        error = inner
    if not isinstance(error, BaseException):
        return Failure(FailureKind.UNKNOWN, terminal=False, retryable=True, component=component)
    status = error.status_code if isinstance(error, APIStatusError) else None
    detail = redact(str(getattr(error, "message", "") or error))
    body = _body(error)
    quota = error if isinstance(error, InferenceQuotaExceededError) else None
    if quota is None and isinstance(body, Mapping):
        quota = InferenceQuotaExceededError.from_response(
            detail, status_code=status or 429, body=body
        )
    if quota is not None and quota.terminal:
        kind, terminal = FailureKind.QUOTA_EXHAUSTED, True
    elif status is not None and status in _STATUSES:
        kind, terminal = _STATUSES[status]
    elif status is not None and status >= _FIRST_SERVER_ERROR:
        kind, terminal = FailureKind.OVERLOADED, False
    elif isinstance(error, APITimeoutError | TimeoutError):
        kind, terminal = FailureKind.TIMEOUT, False
    elif isinstance(error, APIConnectionError | ConnectionError):
        kind, terminal = FailureKind.CONNECTION, False
    else:
        kind, terminal = FailureKind.UNKNOWN, False
    retryable = not terminal and kind is not FailureKind.BAD_REQUEST
    return Failure(
        kind,
        terminal=terminal,
        retryable=retryable,
        component=component,
        provider="livekit" if quota is not None else None,
        status_code=status,
        quota=quota,
        detail=detail,
        mute=status is None and not isinstance(error, APIError),
    )
