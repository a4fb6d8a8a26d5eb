"""Names the kinds of failure and the components that can fail. Imports nothing of lastword."""

from __future__ import annotations

from enum import Enum
from typing import Literal

Component = Literal[
    "llm", "stt", "tts", "realtime", "interruption", "eot", "tool", "turn", "unknown"
]
"""The part of the agent that failed; "interruption" and "eot" are the gateway's turn detectors. A
"tool" of the agent and the end of the caller's "turn" can only hang."""


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
    DEAD_AIR = "dead_air"
    AGENT_DIED = "agent_died"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value
