"""The typed quota error keeps what livekit/agents pull request 6152 promises."""

import copy
import importlib.util
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from livekit.agents import APIStatusError, inference

from lastword import InferenceQuotaExceededError
from lastword.failure import quota

BODY: dict[str, Any] = {
    "type": "inference_quota_exceeded",
    "error": "LLM token credit quota exceeded, category: MaxGatewayCredits, remaining_limit: 0",
    "hint": "Wait for the next billing cycle or upgrade your plan.",
    "quota_type": "llm",
    "category": "MaxGatewayCredits",
    "remaining_limit": "0",
}


def test_it_is_an_api_status_error() -> None:
    """Code that catches livekit-agents' own class catches it."""
    error = InferenceQuotaExceededError("out", body=BODY)
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.message, error.body) == (429, "out", BODY)


def test_fields_come_from_the_body() -> None:
    error = InferenceQuotaExceededError("out", body=BODY)
    assert error.quota_type == "llm"
    assert error.category == "MaxGatewayCredits"
    assert error.hint == "Wait for the next billing cycle or upgrade your plan."
    assert error.remaining_limit == "0"


def test_explicit_arguments_win_over_the_body() -> None:
    error = InferenceQuotaExceededError(
        "out", body=BODY, quota_type="tts", category="Mine", hint="h", remaining_limit="7"
    )
    fields = (error.quota_type, error.category, error.hint, error.remaining_limit)
    assert fields == ("tts", "Mine", "h", "7")
    assert not error.terminal


@pytest.mark.parametrize("value", [None, 0, 1.5, True, [], ["MaxGatewayCredits"], {"a": 1}])
def test_a_field_that_is_no_text_becomes_none(value: object) -> None:
    body = BODY | dict.fromkeys(("quota_type", "category", "hint", "remaining_limit"), value)
    error = InferenceQuotaExceededError("out", body=body)
    assert (error.quota_type, error.category, error.hint, error.remaining_limit) == (None,) * 4
    assert not error.terminal


@pytest.mark.parametrize("category", ["MaxGatewayCredits", "MaxBargeInRequests", "MaxEotRequests"])
def test_used_up_credits_are_terminal(category: str) -> None:
    error = InferenceQuotaExceededError("out", body=BODY | {"category": category})
    assert (error.terminal, error.retryable) == (True, False)


@pytest.mark.parametrize(
    "category", ["MaxConcurrentGatewayLLMRpm", "MaxConcurrentGatewayTTS", "SomethingNew", None]
)
def test_rate_limits_and_unknown_categories_are_transient(category: str | None) -> None:
    error = InferenceQuotaExceededError("out", body=BODY | {"category": category})
    assert (error.terminal, error.retryable) == (False, True)


def test_terminal_is_never_retryable() -> None:
    """Neither an explicit argument nor a later assignment can make both true."""
    error = InferenceQuotaExceededError("out", body=BODY, retryable=True)
    assert not error.retryable
    error = InferenceQuotaExceededError("out", terminal=True, retryable=True)
    assert not error.retryable
    error.retryable = True
    assert not error.retryable
    error = InferenceQuotaExceededError("out")
    assert error.retryable
    error.terminal = True
    assert not error.retryable


@pytest.mark.parametrize("show", [repr, str])
def test_both_verdicts_are_shown(show: Any) -> None:
    text = show(InferenceQuotaExceededError("out", body=BODY))
    assert "terminal=True" in text
    assert "retryable=False" in text
    assert "MaxGatewayCredits" in text


@pytest.mark.parametrize(
    "body", [None, "text", 7, [], ["type"], {}, {"type": "other"}, {"type": ["x"]}, {"error": BODY}]
)
def test_from_response_knows_only_the_gateways_body(body: object) -> None:
    assert InferenceQuotaExceededError.from_response("m", body=body) is None


def test_from_response_builds_the_error() -> None:
    error = InferenceQuotaExceededError.from_response(
        "m", status_code=429, request_id="r1", body=BODY
    )
    assert error is not None
    assert (error.message, error.status_code, error.request_id) == ("m", 429, "r1")
    assert error.terminal


def test_it_is_also_livekits_own_once_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The class that livekit/agents #6152 proposes: handlers written for it catch ours."""
    theirs = type("InferenceQuotaExceededError", (APIStatusError,), {})
    monkeypatch.setattr(inference, "InferenceQuotaExceededError", theirs, raising=False)
    spec = importlib.util.spec_from_file_location("lastword.failure.quota_again", quota.__file__)
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    error = again.InferenceQuotaExceededError("x", category="MaxGatewayCredits")
    assert isinstance(error, theirs)
    assert (error.terminal, error.retryable) == (True, False)


class Uncopied(Exception):  # noqa: N818 - what an SDK calls it
    """As OpenAI's: made with a response, which copies and pickles do not have."""

    def __init__(self, *, response: object) -> None:
        super().__init__(str(response))


def pickled(error: InferenceQuotaExceededError) -> InferenceQuotaExceededError:
    loaded = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert isinstance(loaded, InferenceQuotaExceededError)
    return loaded


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickled])
def test_it_can_be_copied_and_pickled(
    again: Callable[[InferenceQuotaExceededError], InferenceQuotaExceededError],
) -> None:
    """Reports are: without the provider's exceptions, which cannot be."""
    error = InferenceQuotaExceededError("out", body=BODY, request_id="r1", retryable=False)
    error.__cause__ = Uncopied(response=object())
    error.lastword_verdict = error.__cause__  # as the tap notes it
    copied = again(error)
    assert repr(copied) == repr(error)
    assert (copied.body, copied.hint, copied.message) == (error.body, error.hint, "out")
