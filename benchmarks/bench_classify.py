"""Measures how long `classify` takes for recorded errors of real providers, and for the worst ones.

Run with `python -m pytest benchmarks/bench_classify.py`. Aims: below 50 us for a typical error,
below 60 us for the first one after `attach`, below 1 ms for any. Parsing the body of the same
error with `json`, the least that one look at it costs, is timed for comparison.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import timeit
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import APIError, APIStatusError

from lastword import classify
from lastword.testing.documented.recorded import CASES, event_of

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

TYPICAL_US = 50
TYPICAL = [
    "openai-llm-model-not-found",
    "livekit-inference-llm-credits",
    "anthropic-overloaded-529",
    "gemini-llm-429-per-minute",
    "deepgram-tts-http-429",
    "elevenlabs-stt-http-401-quota",
    "assemblyai-stt-1008-account",
]


def nested(depth: int) -> dict[str, Any]:
    """Return a body nested to a depth."""
    body: dict[str, Any] = {}
    for _ in range(depth):
        body = {"error": body}
    return body


def worst() -> dict[str, Exception]:
    """Return errors made to be slow: enormous, deep, wide, or close to what a pattern looks for."""
    words = " ".join(f"word_{number}" for number in range(2000))
    behind = APIStatusError(words, status_code=-1, body={"a": words, "b": [words] * 100})
    behind.__cause__ = APIStatusError(words[::-1], status_code=-1, body=words[::-1])
    hidden: Any = APIError("failed")
    hidden.response = SimpleNamespace(content=b"[" + b'{"code": "x"},' * 1100 + b"{}]")
    return {
        "10 MB of text": APIStatusError("x", status_code=500, body="a " * 5_000_000),
        "10 MB of message": APIError("retry " * 1_700_000, body=None),
        "100000 fields": APIError("x", body={str(number): "text" for number in range(100_000)}),
        "10000 levels": APIError("x", body=nested(10_000)),
        "16 KB of brackets": APIError("x", body="[" * 16_000),
        "16 KB of objects": hidden,
        "words like codes": behind,
        "text like keys": APIError("key: " * 200 + "token=" * 200, body="https://a?" * 400),
        "text like delays": APIError("retry in 1" * 200, body="again in 1 1 1 " * 300),
        "text like a category": APIError("LLM category: Max" * 300, body=None),
    }


@pytest.mark.benchmark(group="typical")
@pytest.mark.parametrize("name", TYPICAL)
def test_typical(benchmark: BenchmarkFixture, name: str) -> None:
    """Measure an error as a session's event holds it."""
    event = event_of(next(case for case in CASES if case["id"] == name))
    benchmark(classify, event)


def test_the_recorded() -> None:
    """Measure all recorded errors, each by the best of many short runs: load only adds time."""
    taken = {case["id"]: best_us(event_of(case)) for case in CASES}
    slowest = max(taken, key=lambda name: taken[name])
    median = statistics.median(taken.values())
    print(
        f"\n{len(taken)} recorded errors: median {median:.1f} us, slowest {taken[slowest]:.1f} us "
        f"({slowest}), {sum(us > TYPICAL_US for us in taken.values())} above {TYPICAL_US} us"
    )
    assert median < TYPICAL_US


def best_us(error: object, runs: int = 600, calls: int = 2) -> float:
    """Return the shortest time of a call, in microseconds."""
    return min(timeit.repeat(lambda: classify(error), repeat=runs, number=calls)) / calls * 1e6


@pytest.mark.benchmark(group="typical")
def test_parsing_the_body_alone(benchmark: BenchmarkFixture) -> None:
    """Measure the least that reading a body of 0.8 KB costs."""
    case = next(case for case in CASES if case["id"] == "gemini-llm-429-per-minute")
    benchmark(json.loads, json.dumps(case["exception"]["cause"]["body"]))


@pytest.mark.parametrize("name", ["openai", "aiohttp"])
def test_the_first_in_a_process(name: str) -> None:
    """Each in processes of its own, the best of some: after `attach`, and without."""
    after, bare = first_us(name, "attached"), first_us(name, "bare")
    print(f"\nfirst verdict, {name}: {after:.0f} us after attach, {bare:.0f} us without")
    assert after < bare / 2


def first_us(name: str, how: str, processes: int = 9) -> float:
    """The shortest time of the first call in a process, in microseconds."""
    script = Path(__file__).with_name("first_classify.py")
    runs = (
        subprocess.run(  # noqa: S603 - a script of our own
            [sys.executable, script, name, how], capture_output=True, check=True, text=True
        )
        for _ in range(processes)
    )
    return min(float(run.stdout) for run in runs)


@pytest.mark.benchmark(group="worst")
@pytest.mark.parametrize("name", list(worst()))
def test_worst(benchmark: BenchmarkFixture, name: str) -> None:
    """Measure an error made to be slow; the verdict must still be transient."""
    error = worst()[name]
    assert not benchmark(classify, error).terminal
