"""A line shows harmless words and still says what happened."""

import pytest

from lastword.failure.redact import MAX_CHARS, redact

KEY = "s3cr3t-marker"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            f"Incorrect API key provided: {KEY}. You can find yours at the dashboard.",
            "Incorrect API key provided: … You can find yours at the dashboard.",
        ),
        (f"Authorization: Bearer {KEY}", "Authorization: …"),
        (
            f"{{'Authorization': 'Token {KEY}', 'Accept': '*/*'}}",
            "{'Authorization': '…', 'Accept': '*/*'}",
        ),
        (f'{{"xi-api-key":"{KEY}","model":"gpt-4o"}}', '{"…":"…","model":"gpt-4o"}'),
        (f"url=wss://api.openai.com/v1/{KEY}?api_key={KEY}#{KEY}", "url=wss://api.openai.com/…"),
        (f"https://user:{KEY}@api.openai.com/v1", "https://api.openai.com/…"),
        (f"postgres://app:p/{KEY}@db.example.com/calls", "…"),
        (f"Cookie: theme=1; session={KEY}; seen=123456", "Cookie: …"),
        (f"<Error><Code>Denied</Code><ApiKey>{KEY}</ApiKey></Error>", "Denied …"),
        ("<entry key='password'>123456</entry> failed", "… failed"),
        (f"-----BEGIN PRIVATE KEY-----\n{KEY}\nthat\n-----END PRIVATE KEY----- failed", "… failed"),
        (f"b'Bearer {KEY}'", "…'Bearer …'"),
        ('{"password": "welcome back"}', '{"password": "…"}'),
        ("password: open", "password: …"),
        ("your PIN is 482913", "your PIN is …"),
        ("482913 is no valid token", "… is no valid token"),
        ("AWS_SECRET_ACCESS_KEY=abc/def LANG=C", "AWS_SECRET_ACCESS_KEY=… LANG=…"),
        ("4000 1234 5678 9010", "4000 1234 …"),
        ("a1b2 hunter aBcDeFgH 0123456789 12:34:56:78:90:ab", "…"),
        ("user@example.com", "…"),
        ("clientSecret=open&limit=20", "clientSecret=…"),
    ],
)  # fmt: skip
def test_what_is_not_known_to_be_harmless_is_hidden(text: str, shown: str) -> None:
    """Next to the name of a secret even harmless words are."""
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "You exceeded your current quota, please check your plan and billing details.",
        "Rate limit reached on tokens per day (TPD): Limit 200000, Used 199708, Requested 1214.",
        "The model `gpt-5.1-codex-max` does not exist or you do not have access to it.",
        "Please try again in 6m38.304s, or after 2026-09-01 at 00:00 UTC: 3/10 retries, 95%",
        "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        "models/gemini-live-2.5-flash-preview is not found for API version v1beta",
        "openai/gpt-oss-20b, claude-sonnet-4-20250514, eleven_multilingual_v2, llama-3.1-8b",
        "category: MaxGatewayCredits, remaining_limit: 0",
        "API key not valid. Please pass a valid API key.",
        "invalid_api_key: no such model",
        "token limit: 4000 tokens, max_tokens: 4096",
        "APIConnectionError: failed to connect to asia-northeast1-aiplatform.googleapis.com",
        "An error occurred (ThrottlingException) when calling the ConverseStream operation",
        "We don't support that, it isn't there: request_id=req_011CbrFTcXhtiMzr3s6EocF7",
    ],
)
def test_what_happened_is_said(text: str) -> None:
    assert redact(text) == text


def test_the_text_becomes_one_short_line() -> None:
    assert redact(" a\n\tb  c ") == "a …"
    assert redact("no\n\tsuch  model ") == "no such model"
    assert len(redact("word " * 1000)) == MAX_CHARS
    assert redact("") == ""
    assert redact(None) is None


def test_numbers_are_cut_to_what_a_number_needs() -> None:
    """A delay that a provider counts in nanoseconds is told in milliseconds."""
    assert redact("Please retry in 37.82626638s.") == "Please retry in 37.826s."


def test_a_text_is_not_cut_within_a_word() -> None:
    """What is read ends somewhere: the first half of a secret may look like a word."""
    for length in range(1000, 1300):
        assert "limit" not in redact(". " * (length // 2) + "limit" + "x1" * 300)


@pytest.mark.parametrize("text", ["a:" * 2000, "<" * 2000, "key=" * 500, "x://" * 500, "'\"" * 900])
def test_hostile_texts_are_read_to_their_end(text: str) -> None:
    assert len(redact(text)) <= MAX_CHARS
