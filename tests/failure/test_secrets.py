"""No key leaves by a line of ours, whatever it looks like and wherever it stands.

Each run draws new keys and prints its seed. `PLACEMENTS=50000` in the environment draws more.
"""

from __future__ import annotations

import ast
import os
import random
import secrets
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api
from livekit.agents import APIConnectionError, APIError, APIStatusError, llm

from failure.placements import KINDS, PLACES, body, fragments
from lastword import InferenceQuotaExceededError, classify
from lastword.room.server import describe
from lastword.traces import told
from syntax import parsed

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = sorted((Path(__file__).parents[2] / "src" / "lastword").rglob("*.py"))
PAIRS = [(kind, place) for kind in KINDS for place in PLACES]
PLACEMENTS = int(os.environ.get("PLACEMENTS", str(2 * len(PAIRS))))


def _behind(rng: random.Random, text: str, key: str) -> Exception:
    error = APIConnectionError("Connection error.")
    error.__context__ = RuntimeError(text, {"key": key}, key)
    error.__cause__ = KeyError(key)
    return error


def _answered(rng: random.Random, text: str, key: str) -> Exception:
    """An SDK's exception with the response that it came from."""
    error: Any = APIError(text)
    headers = {"authorization": key, "x-request-id": key, "date": key, "retry-after": key,
               "x-livekit-inference-credits-used": key}  # fmt: skip
    content = rng.choice((text, key, text.encode(), body(rng, key)))
    error.response = SimpleNamespace(status_code=401, headers=headers, content=content, text=text)
    error.code, error.type = key, text
    return error


def _quota(rng: random.Random, text: str, key: str) -> Exception:
    fields = ("error", "category", "quota_type", "remaining_limit", "hint", "request_id")
    spoiled = {name: rng.choice((text, key)) for name in fields}
    said = {"type": "inference_quota_exceeded", **spoiled}
    error = InferenceQuotaExceededError.from_response(text, request_id=key, body=said)
    assert error is not None
    return error


ERRORS: tuple[Callable[[random.Random, str, str], Exception], ...] = (
    lambda rng, text, key: APIStatusError(text, status_code=401, body=body(rng, key)),
    lambda _, text, key: APIStatusError("failed", status_code=500, body=text, request_id=key),
    lambda _, text, key: RuntimeError(text, key),
    lambda _, text, key: OSError(5, text, key),
    _behind,
    _answered,
    _quota,
)
"""How an error comes by a text with a key."""


def lines_of(error: Exception) -> str:
    """Everything of ours that tells of an error."""
    event = llm.LLMError(timestamp=0.0, label="x.y.LLM", error=error, recoverable=False)
    failure = classify(event)
    lines = [repr(failure), str(failure), failure.detail, describe(error), told(error)]
    lines += [repr(failure.quota), str(failure.quota), repr(vars(classify(error)))]
    if error.args and isinstance(error.args[0], str):
        lines.append(describe(api.TwirpError("unknown", error.args[0], status=500)))
    return "\n".join(lines)


def test_no_key_is_told() -> None:
    """Of any placement of any kind of key."""
    seed = secrets.randbelow(10**9)
    print(f"seed {seed}, {PLACEMENTS} placements")  # noqa: T201 - to draw the same again
    rng = random.Random(seed)  # noqa: S311 - made-up keys
    found = []
    for number in range(PLACEMENTS):
        kind, place = PAIRS[number % len(PAIRS)]
        key = KINDS[kind](rng)
        text = PLACES[place](rng, key)
        lines = lines_of(rng.choice(ERRORS)(rng, text, key))
        if any(fragment in lines for fragment in fragments(key)):
            found.append((kind, place, text, lines))
    assert not found, f"seed {seed}, {len(found)} of {PLACEMENTS}: {found[:3]}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_record_of_ours_carries_an_exception(path: Path) -> None:
    """A handler would print its text and that of all behind it, or the variables of its frames."""
    for node in ast.walk(parsed(path.read_text())):
        if isinstance(node, ast.Call):
            assert all(keyword.arg not in {"exc_info", "stack_info"} for keyword in node.keywords)
            called = node.func
            assert not (
                isinstance(called, ast.Attribute)
                and called.attr == "exception"
                and isinstance(called.value, ast.Name)
                and called.value.id == "logger"
            )


def test_where_something_was_raised_is_told() -> None:
    """The class, the place and what it came from; not a word of the text."""

    def asked() -> None:
        raise KeyError("k3y")

    try:
        try:
            asked()
        except KeyError as error:
            raise ValueError("k3y") from error
    except ValueError as error:
        line = told(error)
    first, second = line.split(", from ")
    assert first.startswith("ValueError at failure/test_secrets.py:")
    assert second.endswith("in asked")
    assert "k3y" not in line
