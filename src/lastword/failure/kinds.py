"""Why a component fails, and which components there are. Imports nothing of ours."""

from __future__ import annotations

from enum import Enum
from typing import Literal

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
