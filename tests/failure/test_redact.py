"""No key leaves through a log line, and what is no key stays readable."""

import pytest
from livekit.agents import APIStatusError

from lastword import InferenceQuotaExceededError, classify
from lastword.failure.redact import MAX_CHARS, redact

SECRET = "s3cr3t-marker"  # noqa: S105 - made up


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {SECRET}. You can find yours at the dashboard",
        f"Authorization: Bearer {SECRET}",
        f"{{'Authorization': 'Token {SECRET}', 'Accept': '*/*'}}",
        f'{{"xi-api-key": "{SECRET}"}}',
        f'{{"xi-api-key":"{SECRET}","model":"x"}}',
        f"X-Api-Key: {SECRET}",
        f"url=wss://api.example.com/v1/listen?model=x&api_key={SECRET}",
        f"https://user:{SECRET}@example.com/v1",
        f"https://{SECRET}@example.com/v1",
        f"cookie={SECRET}; path=/",
        f"client_secret={SECRET}",
        f"invalid token: {SECRET}",
        f"password = {SECRET}",
        f"signature={SECRET}&expires=1",
        f"x-goog-api-key:{SECRET}",
        f"sk-{SECRET}",
        "AIzaSyA1234567890abcdefghijkl",
        "AKIA1234567890ABCDEF",
        "org_01k6cv721nexabx65q4bdbe28e",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefgh12345678",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_a_secret_is_hidden(text: str) -> None:
    shown = redact(text)
    assert SECRET not in shown
    assert "[hidden]" in shown
    assert not any(part in shown for part in ("1234567890", "01k6cv721", "0123456789"))


@pytest.mark.parametrize(
    "text",
    [
        "You exceeded your current quota, please check your plan and billing details.",
        "Rate limit reached on tokens per day (TPD): Limit 200000, Used 199708",
        "The model `gpt-5.1-codex-max` does not exist or you do not have access to it.",
        "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        "models/gemini-live-2.5-flash-preview is not found for API version v1beta",
        "category: MaxGatewayCredits, remaining_limit: 0",
        "https://platform.openai.com/docs/guides/error-codes/api-errors.",
        "API key not valid. Please pass a valid API key.",
        "APIConnectionError: failed to connect to asia-northeast1-aiplatform.googleapis.com",
        "APIStatusError: Error code: 429 - insufficient_quota",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_the_text_becomes_one_short_line() -> None:
    assert redact(" a\n\tb  c ") == "a b c"
    assert len(redact("word " * 1000)) == MAX_CHARS
    assert redact(None) is None


def test_a_secret_cut_in_two_is_not_shown() -> None:
    """What is looked at ends somewhere: the last word may be half a key."""
    for length in range(MAX_CHARS - 50, MAX_CHARS + 150):
        assert SECRET[:6] not in redact("x" * 9 + " " * (length - 9) + SECRET * 30)


def test_neither_failure_nor_quota_error_shows_a_secret() -> None:
    body = {
        "type": "inference_quota_exceeded",
        "error": f"key: {SECRET}",
        "category": f"MaxGatewayCredits?token={SECRET}",
        "quota_type": f"api_key={SECRET}",
        "remaining_limit": f"https://u:{SECRET}@h",
        "hint": f"Authorization: Bearer {SECRET}",
    }
    failure = classify(APIStatusError(f"api_key={SECRET}", status_code=429, body=body))
    assert isinstance(failure.quota, InferenceQuotaExceededError)
    for shown in (repr(failure), repr(failure.quota), str(failure.quota), failure.detail):
        assert SECRET not in shown
