"""The tables say what providers document, and they cover what livekit-agents can bring."""

from __future__ import annotations

import inspect
from importlib import metadata
from typing import Any

import pytest
from livekit.agents import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    _exceptions,
    llm,
    stt,
    tts,
)

from lastword import FailureKind, classify
from lastword.failure.providers import RULES, Rule, provider_of_host, provider_of_name

K = FailureKind
EVENTS: dict[str, Any] = {
    "llm": llm.LLMError,
    "stt": stt.STTError,
    "tts": tts.TTSError,
    "realtime": llm.RealtimeModelError,
}

EXCEPTIONS = {
    "APIConnectionError", "APIError", "APIStatusError", "APITimeoutError",
    "AssignmentTimeoutError", "CLIError", "UnexpectedModelBehavior",
}  # fmt: skip
"""Classes of `livekit.agents._exceptions` that the rules were written for; the last three do not
come from a provider."""

BY_STATUS_ALONE = {
    "asyncai", "baseten", "bland", "cambai", "clova", "gnani", "langchain",
    "meta", "microsoft-ai", "murf", "nabrah", "neuphonic", "palabra",
    "perplexity", "phonic", "resemble", "respeecher", "rtzr", "simplismart", "slng",
    "smallestai", "speechify", "spitch", "thunderphone", "typesafe", "upliftai",
    "vakyam",
}  # fmt: skip
"""Plugins of models whose providers document HTTP statuses alone, or pass on those of others."""

NO_MODEL = {
    "anam", "avatario", "avatartalk", "bey", "bithuman", "boson-avatar", "browser", "did",
    "hamming", "hedra", "images", "keyframe", "krisp", "lemonslice", "liveavatar", "mcp", "nltk",
    "protoface", "runway", "silero", "simli", "spatius", "synthesia", "tavus", "trugen",
    "turn-detector",
}  # fmt: skip
"""Extras that bring neither LLM nor STT, TTS or realtime model: avatars, local models, tools."""

OTHER_EXTRAS = {"codecs", "color", "evals", "durable", "test", "otel"}

DOCUMENTED = [
    # provider, component, status, body or message, kind, terminal
    ("openai", "llm", 429, {"error": {"code": "credit_balance_exhausted"}},
     K.QUOTA_EXHAUSTED, True),
    ("openai", "llm", 429, {"error": {"code": "project_spend_limit_exceeded"}},
     K.QUOTA_EXHAUSTED, True),
    ("openai", "llm", 429, {"error": {"code": "rate_limit_exceeded"}}, K.RATE_LIMITED, False),
    ("openai", "llm", 503, {"error": {"code": "slow_down"}}, K.OVERLOADED, False),
    ("openai", "llm", 429, {"error": {"code": "slow_down"}}, K.RATE_LIMITED, False),
    ("openai", "llm", 403, "Country, region, or territory not supported", K.AUTH, True),
    ("openai", "llm", 400, {"error": {"code": "context_length_exceeded"}},
     K.CONTEXT_OVERFLOW, True),
    ("openai", "llm", 400, {"error": {"type": "invalid_request_error"}}, K.BAD_REQUEST, False),
    ("openai", "realtime", None, {"code": "session_expired"}, K.CONNECTION, False),
    ("openai", "realtime", None, {"type": "server_error"}, K.OVERLOADED, False),
    ("groq", "llm", 400, {"error": {"code": "blocked_api_access"}}, K.QUOTA_EXHAUSTED, True),
    ("groq", "llm", 400, {"error": {"code": "organization_restricted"}}, K.ACCOUNT_DISABLED, True),
    ("groq", "llm", 413, "Payload Too Large", K.CONTEXT_OVERFLOW, True),
    ("groq", "llm", 429, "Rate limit reached on tokens per minute (TPM): try again in 9.68s",
     K.RATE_LIMITED, False),
    ("groq", "llm", 498, "flex tier capacity exceeded", K.OVERLOADED, False),
    ("cerebras", "llm", 429, {"code": "token_quota_exceeded",
                              "message": "Tokens per minute limit exceeded"},
     K.RATE_LIMITED, False),
    ("cerebras", "llm", 429, {"code": "queue_exceeded"}, K.OVERLOADED, False),
    ("xai", "llm", 403, "Your team has used all available credits", K.QUOTA_EXHAUSTED, True),
    ("xai", "llm", 400, "Incorrect API key provided: x", K.AUTH, True),
    ("deepseek", "llm", 402, "Insufficient Balance", K.QUOTA_EXHAUSTED, True),
    ("deepseek", "llm", 422, "Invalid Parameters", K.BAD_REQUEST, False),
    ("openrouter", "llm", 402, "Insufficient credits", K.QUOTA_EXHAUSTED, True),
    ("openrouter", "llm", 402, {"error": {"code": "in_flight_budget_exhausted"}},
     K.RATE_LIMITED, False),
    ("openrouter", "llm", 403, "Your input was flagged", K.CONTENT_FILTERED, False),
    ("openrouter", "llm", None, {"error": {"code": 502}}, K.OVERLOADED, False),
    ("together", "llm", 402, "maximum allowed monthly spending limit", K.QUOTA_EXHAUSTED, True),
    ("together", "llm", 403, "input token count + max_tokens", K.CONTEXT_OVERFLOW, True),
    ("fireworks", "llm", 412, "Precondition Failed", K.ACCOUNT_DISABLED, True),
    ("mistral", "llm", 429, {"code": "1300"}, K.RATE_LIMITED, False),
    ("azure", "llm", 404, {"error": {"code": "DeploymentNotFound"}}, K.MODEL_UNAVAILABLE, True),
    ("azure", "llm", 429, "Please retry after 60 seconds.", K.RATE_LIMITED, False),
    ("anthropic", "llm", 413, {"error": {"type": "request_too_large"}}, K.CONTEXT_OVERFLOW, True),
    ("anthropic", "llm", 400, "prompt is too long: 210000 tokens", K.CONTEXT_OVERFLOW, True),
    ("anthropic", "llm", 429, {"error": {"type": "rate_limit_error"}}, K.RATE_LIMITED, False),
    ("anthropic", "llm", 504, {"error": {"type": "timeout_error"}}, K.TIMEOUT, False),
    ("anthropic", "llm", None, {"error": {"type": "overloaded_error"}}, K.OVERLOADED, False),
    ("google", "llm", 402, {"error": {"status": "RESOURCE_EXHAUSTED",
                                      "message": "prepay credit balance is depleted"}},
     K.QUOTA_EXHAUSTED, True),
    ("google", "llm", 400, {"error": {"details": [{"reason": "API_KEY_INVALID"}]}}, K.AUTH, True),
    ("google", "llm", 403, {"error": {"details": [{"reason": "BILLING_DISABLED"}]}},
     K.ACCOUNT_DISABLED, True),
    ("google", "llm", 504, {"error": {"status": "DEADLINE_EXCEEDED"}}, K.TIMEOUT, False),
    ("google", "stt", 400, "Exceeded maximum allowed stream duration of 305 seconds",
     K.CONNECTION, False),
    ("google", "realtime", 1007, "API key not valid. Please pass a valid API key.", K.AUTH, True),
    ("google", "realtime", None, "Gemini Live session context exhausted (1007)",
     K.CONTEXT_OVERFLOW, True),
    ("google", "realtime", 1011, "Internal error encountered", K.OVERLOADED, False),
    ("aws", "llm", 400, "An error occurred (ExpiredTokenException) when calling", K.AUTH, True),
    ("aws", "llm", 400, "(ValidationException): Input is too long for requested model.",
     K.CONTEXT_OVERFLOW, True),
    ("aws", "llm", 429, "(ThrottlingException): Too many tokens, please wait",
     K.RATE_LIMITED, False),
    ("aws", "llm", 503, "(ModelNotReadyException)", K.OVERLOADED, False),
    ("aws", "stt", 400, {"Error": {"Code": "LimitExceededException"}}, K.RATE_LIMITED, False),
    ("deepgram", "stt", 402, {"err_code": "ASR_PAYMENT_REQUIRED"}, K.QUOTA_EXHAUSTED, True),
    ("deepgram", "stt", 403, "Project does not have access to the requested model.",
     K.MODEL_UNAVAILABLE, True),
    ("deepgram", "tts", 413, {"err_code": "PAYLOAD_TOO_LARGE"}, K.BAD_REQUEST, False),
    ("elevenlabs", "tts", 401, {"detail": {"status": "quota_exceeded"}}, K.QUOTA_EXHAUSTED, True),
    ("elevenlabs", "tts", 401, {"detail": {"status": "detected_unusual_activity"}},
     K.ACCOUNT_DISABLED, True),
    ("elevenlabs", "tts", 404, {"detail": {"status": "voice_not_found"}},
     K.MODEL_UNAVAILABLE, True),
    ("elevenlabs", "tts", 429, {"detail": {"status": "too_many_concurrent_requests"}},
     K.RATE_LIMITED, False),
    ("elevenlabs", "tts", 429, {"detail": {"status": "system_busy"}}, K.OVERLOADED, False),
    ("elevenlabs", "stt", None, "ElevenLabs STT error [session_time_limit_exceeded]",
     K.CONNECTION, False),
    ("cartesia", "tts", 429, {"error_code": "concurrency_limited"}, K.RATE_LIMITED, False),
    ("cartesia", "tts", 402, {"error_code": None, "title": "Credits"}, K.QUOTA_EXHAUSTED, True),
    ("assemblyai", "stt", 3009, "Unauthorized Connection: Too many concurrent sessions",
     K.RATE_LIMITED, False),
    ("assemblyai", "stt", 1008, "Unauthorized Connection: Too many concurrent sessions",
     K.RATE_LIMITED, False),
    ("assemblyai", "stt", 4002, "Insufficient Funds", K.QUOTA_EXHAUSTED, True),
    ("assemblyai", "stt", 3008, "Session Expired", K.CONNECTION, False),
    ("speechmatics", "stt", None, {"type": "quota_exceeded"}, K.RATE_LIMITED, False),
    ("speechmatics", "stt", None, {"type": "timelimit_exceeded"}, K.QUOTA_EXHAUSTED, True),
    ("speechmatics", "stt", None, {"type": "job_error"}, K.OVERLOADED, False),
    ("azure", "stt", None, "Azure STT canceled: Error (CancellationErrorCode.Forbidden)",
     K.QUOTA_EXHAUSTED, True),
    ("azure", "stt", None, "Azure STT canceled: 401 (CancellationErrorCode.AuthenticationFailure)",
     K.AUTH, True),
    ("azure", "stt", None, "Azure STT canceled: x (CancellationErrorCode.ServiceTimeout)",
     K.TIMEOUT, False),
    ("soniox", "stt", 402, "Organization balance exhausted", K.QUOTA_EXHAUSTED, True),
    ("soniox", "stt", 429, "Too many requests", K.RATE_LIMITED, False),
    ("minimax", "tts", None, {"base_resp": {"status_code": 1004}}, K.AUTH, True),
    ("minimax", "tts", None, {"base_resp": {"status_code": 1039}}, K.RATE_LIMITED, False),
    ("minimax", "tts", None, {"base_resp": {"status_code": 1026}}, K.CONTENT_FILTERED, False),
    ("inworld", "stt", None, {"error": {"code": 16, "message": "x"}}, K.AUTH, True),
    ("inworld", "stt", None, {"error": {"code": 8, "message": "x"}}, K.RATE_LIMITED, False),
    ("gladia", "stt", 429, "Too Many Requests", K.RATE_LIMITED, False),
    ("hume", "tts", None, {"code": "E0300"}, K.QUOTA_EXHAUSTED, True),
    ("rime", "tts", 402, "Payment Required", K.QUOTA_EXHAUSTED, True),
    ("rime", "tts", 401, "invalid subscription", K.ACCOUNT_DISABLED, True),
    ("playht", "tts", 429, "Too Many Requests", K.RATE_LIMITED, False),
    ("ultravox", "realtime", 402, "Payment Required", K.QUOTA_EXHAUSTED, True),
    ("gradium", "tts", 1008, "invalid API key", K.AUTH, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "component", "number", "said", "kind", "terminal"),
    DOCUMENTED,
    ids=[f"{row[0]}-{row[1]}-{index}" for index, row in enumerate(DOCUMENTED)],
)
def test_a_documented_error_is_understood(
    provider: str,
    component: str,
    number: int | None,
    said: Any,
    kind: FailureKind,
    *,
    terminal: bool,
) -> None:
    message = said if isinstance(said, str) else "refused"
    body = None if isinstance(said, str) else said
    error = APIStatusError(message, status_code=number or -1, body=body)
    event = EVENTS[component](
        timestamp=0.0, label=f"livekit.plugins.{provider}.x.X", error=error, recoverable=False
    )
    failure = classify(event)
    assert (failure.kind, failure.terminal) == (kind, terminal)
    assert failure.provider == provider


@pytest.mark.parametrize(
    ("status", "kind", "terminal"),
    [
        (400, K.BAD_REQUEST, False),
        (401, K.AUTH, True),
        (402, K.QUOTA_EXHAUSTED, True),
        (403, K.AUTH, True),
        (404, K.MODEL_UNAVAILABLE, True),
        (408, K.TIMEOUT, False),
        (409, K.CONNECTION, False),
        (413, K.CONTEXT_OVERFLOW, True),
        (422, K.BAD_REQUEST, False),
        (429, K.RATE_LIMITED, False),
        (499, K.CONNECTION, False),
        (500, K.OVERLOADED, False),
        (502, K.OVERLOADED, False),
        (503, K.OVERLOADED, False),
        (504, K.TIMEOUT, False),
        (529, K.OVERLOADED, False),
    ],
)
def test_a_bare_status_of_an_unknown_provider_is_understood(
    status: int, kind: FailureKind, *, terminal: bool
) -> None:
    failure = classify(APIStatusError("refused", status_code=status))
    assert (failure.kind, failure.terminal) == (kind, terminal)


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1008, 1011, 1012, 1013, 3000, 4000, 4999])
def test_no_close_code_is_terminal_for_an_unknown_provider(code: int) -> None:
    """Close codes are per provider, never global."""
    assert not classify(APIStatusError("closed", status_code=code)).terminal


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (APITimeoutError(), K.TIMEOUT),
        (TimeoutError(), K.TIMEOUT),
        (APIConnectionError(), K.CONNECTION),
        (ConnectionRefusedError(111, "refused"), K.CONNECTION),
        (APIError("?"), K.UNKNOWN),
        (RuntimeError("?"), K.UNKNOWN),
    ],
)
def test_an_exception_without_any_number_is_known_by_its_class(
    error: Exception, kind: FailureKind
) -> None:
    failure = classify(error)
    assert (failure.kind, failure.terminal, failure.retryable) == (kind, False, True)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.provider or 'any'}-{rule.kind}")
def test_a_row_says_why_and_where_it_comes_from(rule: Rule) -> None:
    """And its conditions are in lower case, as they are compared."""
    assert rule.why
    assert rule.source.startswith("https://")
    assert rule.codes or rule.phrases or rule.statuses or rule.closes
    assert all(word == word.lower() for word in (*rule.codes, *rule.phrases))


def test_hosts_are_matched_by_whole_labels() -> None:
    assert provider_of_host("api.x.ai") == "xai"
    assert provider_of_host("EU-WEST-1.bedrock.amazonaws.com:443") == "aws"
    assert provider_of_host("notx.ai") is None
    assert provider_of_host("localhost") is None
    assert provider_of_host("") is None


def test_livekit_agents_has_no_exception_that_the_rules_do_not_know() -> None:
    """A new class may carry what the rules should read: look at it, then add it here."""
    found = {
        name
        for name, value in inspect.getmembers(_exceptions, inspect.isclass)
        if issubclass(value, Exception) and value.__module__ == _exceptions.__name__
    }
    assert not found - EXCEPTIONS


def test_livekit_agents_has_no_plugin_without_rules() -> None:
    """A new plugin brings a new provider: write its rows, or say here that statuses suffice."""
    extras = set(metadata.metadata("livekit-agents").get_all("Provides-Extra") or [])
    with_rows = {rule.provider for rule in RULES}
    unknown = {
        extra
        for extra in extras - BY_STATUS_ALONE - NO_MODEL - OTHER_EXTRAS
        if provider_of_name(extra) not in with_rows
    }
    assert not unknown
