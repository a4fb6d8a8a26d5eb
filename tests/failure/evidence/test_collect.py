"""An error is read once, whatever hangs on it: real responses, lost bodies, chains."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import openai
import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, ErrorEvent, llm

from lastword import FailureKind, InferenceQuotaExceededError, classify
from lastword.failure.evidence.collect import collect_evidence
from lastword.failure.evidence.model import MAX_HOPS, attach_response, chain
from lastword.failure.evidence.payload import seconds

try:
    import httpx2 as httpx  # what openai 3 is built on
except ImportError:
    import httpx  # type: ignore[no-redef, import-not-found, unused-ignore]

QUOTA = {
    "type": "inference_quota_exceeded",
    "error": "LLM token credit quota exceeded, category: MaxGatewayCredits, remaining_limit: 0",
    "hint": "Upgrade your plan.",
    "quota_type": "llm",
    "category": "MaxGatewayCredits",
    "remaining_limit": "0",
}


def sdk_error(
    status: int, body: object, headers: dict[str, str] | None = None, host: str = "api.openai.com"
) -> Exception:
    """The error that a plugin on OpenAI's SDK raises: `from None`, the response one hop away."""
    request = httpx.Request("POST", f"https://user:pw@{host}/v1/chat/completions?key=s")
    response = httpx.Response(status, json=body, headers=headers, request=request)
    error = APIStatusError("refused", status_code=status)
    error.__context__ = openai.APIStatusError("refused", response=response, body=body)
    error.__suppress_context__ = True
    return error


def recover(
    error: BaseException,
    body: object,
    headers: dict[str, str] | None = None,
    status: int = 429,
) -> None:
    """Hang a lost response on an error, as `bodies` does."""
    attach_response(error, status=status, headers=headers or {}, body=json.dumps(body).encode())


# --- the response behind the SDK's exception -----------------------------------------------------


def test_the_gateways_quota_error_is_typed_from_the_hidden_response() -> None:
    failure = classify(sdk_error(429, QUOTA, {"x-request-id": "r1"}))
    assert isinstance(failure.quota, InferenceQuotaExceededError)
    assert (failure.quota.category, failure.quota.hint) == ("MaxGatewayCredits", QUOTA["hint"])
    assert failure.quota.request_id == "r1"
    assert (failure.kind, failure.terminal, failure.provider) == (
        FailureKind.QUOTA_EXHAUSTED,
        True,
        "livekit",
    )
    assert failure.component == "llm"  # from quota_type


def test_the_category_is_found_in_the_text_when_the_response_is_gone() -> None:
    error = APIStatusError(f"Error code: 429 - {QUOTA['error']}", status_code=429)
    failure = classify(error)
    assert failure.quota is not None
    assert (failure.quota.category, failure.quota.quota_type) == ("MaxGatewayCredits", "llm")
    assert failure.quota.remaining_limit == "0"
    assert failure.terminal


@pytest.mark.parametrize(
    ("quota_type", "category", "component"),
    [("bargein", "MaxBargeInRequests", "interruption"), ("eot", "MaxEotRequests", "eot")],
)
def test_the_detectors_quota_errors_are_typed(
    quota_type: str, category: str, component: str
) -> None:
    """Barge-in and end of turn, whose handshake drops the body."""
    error = APIStatusError("Too Many Requests", status_code=429)
    body = QUOTA | {"quota_type": quota_type, "category": category}
    recover(error, body)
    failure = classify(error)
    assert (failure.terminal, failure.component) == (True, component)
    assert failure.quota is not None
    assert failure.quota.quota_type == quota_type


def test_an_event_of_a_detector_names_the_component() -> None:
    event = SimpleNamespace(
        type="interruption_detection_error",
        label="livekit.agents.inference.interruption.AdaptiveInterruptionDetector",
        error=APIStatusError("x", status_code=408),
        recoverable=False,
    )
    assert classify(event).component == "interruption"


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.groq.com", "groq"),
        ("api.openai.com", "openai"),
        ("mine.openai.azure.com", "azure"),
        ("api.x.ai", "xai"),
        ("agent-gateway.livekit.cloud", "livekit"),
        ("127.0.0.1", "openai"),  # unknown host: what the SDK's name says
    ],
)
def test_the_provider_is_known_from_the_host(host: str, provider: str) -> None:
    assert classify(sdk_error(500, {}, host=host)).provider == provider


def test_an_error_event_names_component_and_provider() -> None:
    error = llm.LLMError(
        timestamp=0, label="livekit.plugins.openai.llm.LLM", error=APIError("x"), recoverable=False
    )
    source = SimpleNamespace(provider="api.deepseek.com", label="livekit.plugins.openai.llm.LLM")
    failure = classify(ErrorEvent(error=error, source=source))
    assert (failure.component, failure.provider) == ("llm", "deepseek")


# --- bodies that were lost and recovered ---------------------------------------------------------


def test_a_recovered_response_is_read() -> None:
    error = APIStatusError("Invalid response status", status_code=429)
    assert not classify(error).terminal
    recover(error, QUOTA, {"Retry-After": "7"})
    failure = classify(error)
    assert (failure.terminal, failure.retry_after_s) == (True, 7.0)
    assert failure.quota is not None


def test_a_recovered_response_explains_a_broken_answer() -> None:
    """Deepgram's one-shot recognition takes the 402 for a transcript and stumbles over it."""
    error = APIConnectionError()
    error.__cause__ = KeyError("metadata")
    recover(error.__cause__, {"err_code": "ASR_PAYMENT_REQUIRED"}, status=402)
    failure = classify(error)
    assert (failure.kind, failure.terminal) == (FailureKind.QUOTA_EXHAUSTED, True)


def test_attaching_to_an_exception_without_attributes_does_nothing() -> None:
    class Slotted(Exception):  # noqa: N818 - not an error of ours
        __slots__ = ()

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    error = Slotted("x")
    recover(error, QUOTA)
    assert classify(error).kind is FailureKind.UNKNOWN


# --- waiting times -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        (
            {
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
                "retry-after": "Sun, 22 Nov 2026 10:00:30 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, None),  # no clock to hold it against
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, None),
    ],
)
def test_the_header_says_when_to_ask_again(headers: dict[str, str], expected: float | None) -> None:
    assert classify(sdk_error(429, {}, headers)).retry_after_s == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Please try again in 6m38.304s.", 398.304),
        ("Please try again in 740ms.", 0.74),
        ("Please retry after 60 seconds.", 60.0),
        ("Please retry in 37.2s.", 37.2),
        ("try again in 1 hour 30 minutes", 5400.0),
        ("try again later", None),
        ("wait 9999999999999999999 seconds", None),
    ],
)
def test_the_text_says_when_to_ask_again(text: str, expected: float | None) -> None:
    assert classify(APIStatusError(text, status_code=429)).retry_after_s == expected


def test_a_rate_limit_of_a_day_is_terminal() -> None:
    """Azure OpenAI: the call will not outlast it."""
    error = APIStatusError("Please retry after 86400 seconds.", status_code=429)
    failure = classify(error)
    assert (failure.kind, failure.terminal) == (FailureKind.QUOTA_EXHAUSTED, True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(20, 20.0), ("37s", 37.0), (True, None), ([], None), (10**400, None), (-1, None), ("", None)],
)
def test_a_delay_is_read_from_any_value(value: object, expected: float | None) -> None:
    assert seconds(value) == expected


# --- the chain -----------------------------------------------------------------------------------


def test_a_cycle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__context__ = second, first
    first.__context__ = first
    assert list(chain(first)) == [first, second]
    assert classify(first).kind is FailureKind.UNKNOWN


def test_no_more_than_five_hops_are_followed() -> None:
    errors = [ValueError(str(i)) for i in range(20)]
    for error, cause in itertools.pairwise(errors):
        error.__cause__ = cause
    assert list(chain(errors[0])) == errors[: MAX_HOPS + 1]


# --- mute errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "mute"),
    [
        (APIConnectionError(), True),
        (APIError("no audio frames were pushed for text: hello"), True),
        (KeyError("metadata"), True),
        (TimeoutError(), True),
        (APIStatusError("websocket connection closed unexpectedly", status_code=1008), True),
        (APIStatusError("connection closed", status_code=1008, body="msg.extra='why'"), False),
        (APIStatusError("x", status_code=500), False),
        (ConnectionResetError(104, "Connection reset by peer"), False),
        (APIError("Rime ws error: voice is asleep"), False),
    ],
)
def test_an_error_is_mute_if_nothing_of_the_provider_is_left(
    error: Exception, *, mute: bool
) -> None:
    assert classify(error).mute is mute


def test_what_the_plugin_wraps_is_no_connection_failure_if_its_own_code_broke() -> None:
    error = APIConnectionError()
    error.__cause__ = KeyError("metadata")
    assert classify(error).kind is FailureKind.UNKNOWN


def test_evidence_keeps_no_header_but_the_known_ones() -> None:
    error = sdk_error(429, {}, {"set-cookie": "secret", "x-livekit-inference-credits-used": "9"})
    assert dict(collect_evidence(error).headers) == {"x-livekit-inference-credits-used": "9"}
    assert "credits-used=9" in classify(error).detail
