"""Makes an exception of any kind of failure, as a well-behaved plugin raises it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from lastword.failure.kinds import FailureKind

Part: TypeAlias = Literal["llm", "stt", "tts", "realtime"]
"""A component that can be broken."""

_OPENAI: dict[FailureKind, tuple[int, str, str, str | None]] = {
    FailureKind.AUTH: (
        401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"
    ),
    FailureKind.MODEL_UNAVAILABLE: (
        404, "The model does not exist or you do not have access to it.", "invalid_request_error",
        "model_not_found",
    ),
    FailureKind.ACCOUNT_DISABLED: (
        429, "Your account is not active, please check your billing details on our website.",
        "billing_not_active", "billing_not_active",
    ),
    FailureKind.RATE_LIMITED: (
        429, "Rate limit reached on requests per min (RPM). Please try again in 20s.", "requests",
        "rate_limit_exceeded",
    ),
    FailureKind.OVERLOADED: (
        503, "The server is overloaded. Please try again later.", "server_error", None
    ),
    FailureKind.BAD_REQUEST: (
        400, "Invalid value for 'messages[2].role'.", "invalid_request_error", "invalid_value"
    ),
    FailureKind.CONTEXT_OVERFLOW: (
        400, "This model's maximum context length is 128000 tokens.", "invalid_request_error",
        "context_length_exceeded",
    ),
    FailureKind.CONTENT_FILTERED: (
        400, "The response was filtered due to the prompt triggering the content policy.",
        "invalid_request_error", "content_filter",
    ),
}  # fmt: skip
"""Status, message, type and code of an error object of OpenAI's form."""

_OF_A_MODEL = (FailureKind.CONTEXT_OVERFLOW, FailureKind.CONTENT_FILTERED)
_KINDS = (
    *_OPENAI,
    FailureKind.QUOTA_EXHAUSTED,
    FailureKind.CONNECTION,
    FailureKind.TIMEOUT,
    FailureKind.UNKNOWN,
)


def kinds_of(component: Part) -> list[FailureKind]:
    """List the kinds of failure with which a component can fail by an exception."""
    models = ("llm", "realtime")
    return [kind for kind in _KINDS if component in models or kind not in _OF_A_MODEL]


def exception_of_kind(kind: FailureKind | str, component: Part = "llm") -> Exception:
    """Make an exception that means a kind of failure.

    Args:
        kind: The kind, such as "quota_exhausted".
        component: The component that raises it.

    Returns:
        A new exception, as plugins raise them.

    Raises:
        ValueError: Such a component does not fail with this kind by an exception.
    """
    known = kinds_of(component)
    if kind not in known:
        raise ValueError(
            f"expected a kind of failure that is an exception of the {component}, got "
            f"{str(kind)!r}; known are {', '.join(sorted(known))}"
        )
    kind = FailureKind(kind)
    if kind is FailureKind.QUOTA_EXHAUSTED:
        return APIStatusError("quota exceeded", status_code=429, body=quota_body(component))
    if kind is FailureKind.CONNECTION:
        return APIConnectionError("connection reset by peer")
    if kind is FailureKind.TIMEOUT:
        return APITimeoutError()
    if kind is FailureKind.UNKNOWN:
        return APIError("something went wrong")
    status_code, message, type_, code = _OPENAI[kind]
    body = {"message": message, "type": type_, "param": None, "code": code}
    return APIStatusError(message, status_code=status_code, body=body)


def quota_body(quota_type: str = "llm", category: str = "MaxGatewayCredits") -> dict[str, Any]:
    """Return the body with which LiveKit's inference gateway refuses when a quota is used up.

    Args:
        quota_type: "llm", "stt", "tts", "bargein" or "eot".
        category: "MaxGatewayCredits", "MaxBargeInRequests" or "MaxEotRequests" for credits that
            are gone, "MaxConcurrentGatewayLLMRpm" and the like for a rate limit.
    """
    return {
        "type": "inference_quota_exceeded",
        "error": f"{quota_type.upper()} quota exceeded, category: {category}, remaining_limit: 0",
        "hint": "Wait for the next billing cycle or upgrade your plan.",
        "quota_type": quota_type,
        "category": category,
        "remaining_limit": "0",
        "free_tier": "false",
        "documentation_url": "https://livekit.com/pricing",
    }
