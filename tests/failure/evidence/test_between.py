"""Whose answer it is: the gateway's, the model's behind it, or the page of something in between."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError

from lastword import FailureKind, classify
from lastword.failure.evidence.between import is_page, who_answered
from lastword.failure.evidence.model import attach_response

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup

PAGE = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410, 413])
@pytest.mark.parametrize("text", [PAGE, "404 page not found", "RBAC: access denied"])
def test_a_page_ends_no_call(status: int, text: str) -> None:
    for error in (
        APIStatusError(text, status_code=status),
        APIStatusError("refused", status_code=status, body=text),
    ):
        failure = classify(error)
        assert (failure.kind, failure.terminal) in {
            (FailureKind.CONNECTION, False), (FailureKind.BAD_REQUEST, False)
        }  # fmt: skip
        assert failure.status_code == status


@pytest.mark.parametrize(
    ("status", "kind"), [(429, "rate_limited"), (502, "overloaded"), (504, "timeout")]
)
def test_the_status_of_a_page_is_told(status: int, kind: str) -> None:
    assert classify(APIStatusError(PAGE, status_code=status)).kind == kind


def test_a_challenge_is_known_by_its_header() -> None:
    error = APIStatusError("refused", status_code=403)
    attach_response(error, status=403, headers={"cf-mitigated": "challenge"}, body=b"")
    assert not classify(error).terminal


@pytest.mark.parametrize("status", [403, 404])
def test_a_text_that_nobody_knows_is_nobodys_verdict(status: int) -> None:
    assert not classify(
        APIStatusError("?", status_code=status, body="Blocked by policy 7")
    ).terminal


@pytest.mark.parametrize(
    "body", [{"error": {"message": "no"}}, {"detail": "Not Found"}, '{"message": "Forbidden"}']
)
def test_json_is_the_providers_verdict(body: Any) -> None:
    assert classify(APIStatusError("refused", status_code=403, body=body)).terminal


def test_json_may_quote_markup() -> None:
    assert not is_page("a message with <html> in it", is_json=True)
    assert classify(
        APIStatusError("no", status_code=401, body={"error": {"message": "header <html> is wrong"}})
    ).terminal


@pytest.mark.parametrize(
    ("text", "headers", "who"),
    [
        ("litellm.ratelimiterror: openaiexception - slow down", {}, ("openai", "litellm")),
        ("litellm.badrequesterror: bedrockexception - no", {}, ("aws", "litellm")),
        ("litellm.badrequesterror: vertex_aiexception - no", {}, ("google", "litellm")),
        ("budget has been exceeded!", {"x-litellm-call-id": "1"}, ("litellm",)),
        ("no", {"x-portkey-trace-id": "1", "x-portkey-provider": "openai"}, ("openai", "portkey")),
        ("budget", {"x-portkey-trace-id": "1"}, ("portkey",)),
        ("the key of litellm", {}, ()),
        ("no", {}, ()),
    ],
)
def test_a_gateway_says_who_answered(
    text: str, headers: dict[str, str], who: tuple[str, ...]
) -> None:
    assert who_answered(text, headers) == who


def test_a_router_is_not_its_provider() -> None:
    """Its quotation is about its own account with that provider, in a body and in a text alike."""
    body = {
        "message": "Provider returned error",
        "code": 429,
        "metadata": {"raw": "You exceeded your current quota", "provider_name": "OpenAI"},
    }
    for error in (
        APIStatusError("Provider returned error", status_code=429, body=body),
        APIStatusError(f"Error code: 429 - {{'error': {body}}}", status_code=429),
    ):
        failure = classify(error)
        assert (failure.kind, failure.terminal) == (FailureKind.RATE_LIMITED, False)


def test_a_group_is_read_like_a_cause() -> None:
    inner = APIStatusError("no credits", status_code=402)
    group = ExceptionGroup("unhandled errors", [ValueError("?"), inner])
    assert classify(group).kind is FailureKind.QUOTA_EXHAUSTED
    wrapped = APIConnectionError("connection failed")
    wrapped.__cause__ = BaseExceptionGroup("outer", [group])
    assert classify(wrapped).kind is FailureKind.QUOTA_EXHAUSTED


def test_a_group_that_holds_itself_ends() -> None:
    group = ExceptionGroup("unhandled errors", [APIError("?")])
    group.exceptions[0].__cause__ = group
    assert classify(group).kind is FailureKind.UNKNOWN


@pytest.mark.parametrize(
    ("said", "terminal"),
    [
        ("Limit 30000, Requested 46520.", True),
        ("Limit 7000, Used 0, Requested ~12903.", True),
        ("Limit 30000, Used 28500, Requested 2100.", False),
        ("Limit 30000, Requested 30000.", False),
    ],
)
def test_a_request_larger_than_the_limit_never_passes(said: str, *, terminal: bool) -> None:
    """The history only grows: no later turn is smaller."""
    error = APIStatusError(
        f"Rate limit reached on tokens per min (TPM): {said}",
        status_code=429,
        body={"code": "rate_limit_exceeded"},
    )
    failure = classify(error)
    assert failure.terminal is terminal
    assert (failure.kind is FailureKind.CONTEXT_OVERFLOW) is terminal
