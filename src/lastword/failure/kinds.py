"""What a failure is: its kind and our verdict on it. Owns two types; imports nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .quota import InferenceQuotaExceededError

Component = Literal["llm", "stt", "tts", "realtime", "interruption", "eot", "unknown"]
"""The part of the agent that failed; "interruption" and "eot" are the gateway's turn detectors."""


class FailureKind(str, Enum):
    """Why a component failed, whoever the provider is."""

    QUOTA_EXHAUSTED = "quota_exhausted"
    AUTH = "auth"
    MODEL_UNAVAILABLE = "model_unavailable"
    ACCOUNT_DISABLED = "account_disabled"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    BAD_REQUEST = "bad_request"
    CONTEXT_OVERFLOW = "context_overflow"
    CONTENT_FILTERED = "content_filtered"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Failure:
    """What went wrong, as far as the exception tells.

    Attributes:
        kind: Why it failed.
        terminal: No later turn of this session can succeed.
        retryable: The same request may succeed when sent again; never together with `terminal`.
        component: The part of the agent that failed.
        provider: The provider's short name ("openai", "livekit", ...), or None if unknown.
        status_code: The HTTP status or WebSocket close code, or None.
        retry_after_s: Seconds until the provider wants to be asked again, or None.
        quota: The typed quota error, or None.
        detail: One line for logs, secrets removed; never spoken.
        reason: For a bad request: the same text whenever it is refused for the same reason.
        mute: The error carries no status, code or provider text at all: only repetition can tell.
    """

    kind: FailureKind
    terminal: bool
    retryable: bool
    component: Component = "unknown"
    provider: str | None = None
    status_code: int | None = None
    retry_after_s: float | None = None
    quota: InferenceQuotaExceededError | None = None
    detail: str = ""
    reason: str = ""
    mute: bool = False

    def __post_init__(self) -> None:
        if self.terminal and self.retryable:
            raise ValueError(
                "a terminal failure cannot be retryable: expected at most one of terminal and "
                "retryable to be True, got both; set retryable=False"
            )
