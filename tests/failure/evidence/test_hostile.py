"""Whatever hangs on an error, reading it neither raises nor takes long: hostile values."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import openai
import pytest
from livekit.agents import APIError, APIStatusError

from lastword import FailureKind, classify
from lastword.failure.evidence.payload import MAX_TEXT_CHARS, Reading
from lastword.failure.redact import MAX_CHARS

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    import httpx2 as httpx  # what openai 3 is built on
except ImportError:
    import httpx  # type: ignore[no-redef, import-not-found, unused-ignore]


class Raising:
    """Every attribute raises; a streamed response does so for its content."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class RaisingError(Exception):
    """An exception whose every field raises."""

    @property
    def message(self) -> str:
        raise RuntimeError("message")

    @property
    def status_code(self) -> int:
        raise RuntimeError("status_code")

    def __str__(self) -> str:
        raise RuntimeError("str")


def nested(depth: int) -> dict[str, Any]:
    outer: dict[str, Any] = {}
    inner = outer
    for _ in range(depth):
        inner["error"] = {}
        inner = inner["error"]
    return outer


def loop() -> dict[str, Any]:
    outer: dict[str, Any] = {"code": "x"}
    outer["error"] = outer
    return outer


HOSTILE: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "number": lambda: 1.5,
    "empty list": list,
    "empty object": dict,
    "empty text": str,
    "JSON null": lambda: "null",
    "half an object": lambda: "{",
    "no characters": lambda: "\x00\ud800",
    "no UTF-8": lambda: b"\xff\xfe",
    "object": object,
    "codes of wrong types": lambda: {
        "error": {"code": ["401"], "status": {"code": [401]}, "type": {"a": 1}, "message": 7}
    },
    "category of a wrong type": lambda: {
        "type": "inference_quota_exceeded", "category": ["MaxGatewayCredits"], "hint": {}
    },
    "type of a wrong type": lambda: {
        "type": ["inference_quota_exceeded"], "category": "MaxGatewayCredits"
    },
    "keys of wrong types": lambda: {1: 2, None: 3, ("a",): 4, "code": 10**5000},
    "numbers that are none": lambda: {
        "code": float("nan"), "retry_after": float("inf"), "status": -(10**30)
    },
    "long value": lambda: {"error": "quota " * 2_000_000},
    "long text": lambda: "x" * 10_000_000,
    "long bytes": lambda: b"y" * 10_000_000,
    "brackets": lambda: "[" * 100_000,
    "open objects": lambda: '{"a":' * 3_000,
    "long JSON": lambda: json.dumps({"error": {"message": "z" * 1_000_000}}),
    "wide object": lambda: {str(i): "text" * 100 for i in range(100_000)},
    "wide list": lambda: [{"code": i} for i in range(100_000)],
    "deep object": lambda: nested(10_000),
    "loop": loop,
    "raising": Raising,
    "raising inside": lambda: SimpleNamespace(code=Raising(), type=Raising(), message=Raising()),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["body", "response", "details", "text", "args"])
def test_a_hostile_body_neither_raises_nor_ends_a_call(name: str, place: str) -> None:
    body = HOSTILE[name]()
    error: Any = APIError("failed")
    if place == "text":
        error.response = SimpleNamespace(status_code=body, headers=body, text=body, content=body)
    elif place == "args":
        error = ValueError(body)
    else:
        setattr(error, place, body)
    failure = classify(error)
    assert not failure.terminal
    assert len(failure.detail) <= MAX_CHARS
    assert len(repr(failure)) < 1500


@pytest.mark.parametrize("make", [type(None), int, str, object, Raising, RaisingError, Exception])
def test_anything_can_be_classified(make: Callable[[], object]) -> None:
    error = make()
    failure = classify(error)
    assert (failure.kind, failure.terminal) == (FailureKind.UNKNOWN, False)


def test_a_streamed_response_is_not_read() -> None:
    """Httpx raises when the content of an unread stream is asked for."""
    request = httpx.Request("POST", "https://api.openai.com/v1")
    response = httpx.Response(429, stream=httpx.ByteStream(b"{}"), request=request)
    error = openai.APIStatusError("refused", response=response, body=None)
    assert classify(error).kind is FailureKind.RATE_LIMITED


def test_the_text_that_is_kept_is_bounded() -> None:
    reading = Reading()
    for number in range(1000):
        reading.add_text(f"{number} " * 300)
    assert len(reading.said) <= MAX_TEXT_CHARS + 1


def test_headers_that_raise_leave_the_rest_of_the_evidence() -> None:
    error: Any = APIStatusError("refused", status_code=402)
    error.response = SimpleNamespace(
        headers=Raising(), status_code=402, text="insufficient credits"
    )
    assert classify(error).kind is FailureKind.QUOTA_EXHAUSTED
    error.response.headers = SimpleNamespace(get=Raising())
    assert classify(error).kind is FailureKind.QUOTA_EXHAUSTED
