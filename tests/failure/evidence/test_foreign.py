"""Objects whose attributes raise anything, or never come back, keep nobody from a verdict."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import APIStatusError, llm

from lastword import FailureKind, classify
from lastword.failure.evidence import foreign

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What the blocking attributes wait for; nothing but the test's end opens it."""
    monkeypatch.setattr(foreign, "READ_TIMEOUT_S", 0.01)
    opened = threading.Event()
    yield opened
    opened.set()
    for helper in foreign._left_behind:
        helper.join()


def blocking(gate: threading.Event, name: str) -> type[Any]:
    """A class of exceptions one attribute of which waits for the gate."""
    return type("BlockingError", (Exception,), {name: property(lambda _: gate.wait())})


@pytest.mark.parametrize(
    "name", ["message", "status_code", "body", "response", "args", "__cause__", "exceptions"]
)
def test_an_attribute_that_blocks_is_left_behind(gate: threading.Event, name: str) -> None:
    failure = classify(blocking(gate, name)("?"))
    assert not gate.is_set()
    assert (failure.kind, failure.terminal) == (FailureKind.UNKNOWN, False)


def test_what_was_read_before_it_blocked_is_judged(gate: threading.Event) -> None:
    error = APIStatusError("Payment Required", status_code=402)
    error.__cause__ = blocking(gate, "message")()
    failure = classify(
        llm.LLMError(
            timestamp=0.0, label="livekit.plugins.openai.llm.LLM", error=error, recoverable=False
        )
    )
    assert (failure.kind, failure.component) == (FailureKind.QUOTA_EXHAUSTED, "llm")


def test_a_response_that_blocks_is_left_behind(gate: threading.Event) -> None:
    error: Any = APIStatusError("refused", status_code=402)
    error.response = blocking(gate, "headers")()
    assert classify(error).kind is FailureKind.QUOTA_EXHAUSTED


def test_objects_that_block_do_not_pile_up(gate: threading.Event) -> None:
    kind = blocking(gate, "message")
    for _ in range(3 * foreign.MAX_LEFT_BEHIND):
        classify(kind())
    running = [thread for thread in threading.enumerate() if isinstance(thread, foreign.Helper)]
    assert len(running) == foreign.MAX_LEFT_BEHIND


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, GeneratorExit, BaseException])
@pytest.mark.parametrize("name", ["message", "status_code", "__cause__", "args"])
def test_an_attribute_may_raise_anything(raised: type[BaseException], name: str) -> None:
    def fail(_: object) -> None:
        raise raised

    kind = type("RaisingError", (Exception,), {name: property(fail)})
    assert not classify(kind("x")).terminal


def test_an_event_of_a_class_of_ones_own_may_raise_anything() -> None:
    class Event:
        def __getattr__(self, name: str) -> Any:
            raise KeyboardInterrupt

    assert classify(Event()).kind is FailureKind.UNKNOWN


def test_a_users_subclass_costs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its attributes are data, or those of the library's class under it."""
    monkeypatch.setattr(foreign, "Helper", None)

    class OwnError(APIStatusError):
        def __init__(self) -> None:
            super().__init__("no credits", status_code=402)
            self.response = SimpleNamespace(status_code=402, headers={}, text="")

    assert classify(OwnError()).kind is FailureKind.QUOTA_EXHAUSTED
