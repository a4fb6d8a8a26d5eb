"""Wrong arguments are told where they are given: what was expected, what came, what to do."""

from __future__ import annotations

import asyncio
import functools
import logging
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from livekit.agents import Agent, AgentSession

import lastword
from lastword.failure.policy import Decision
from session.fakes import clip_of
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

CLIP = clip_of(0.5)


def attach(**arguments: Any) -> None:
    """Give a new session its last word, and take it back."""

    async def main() -> None:
        session: AgentSession[None] = AgentSession()
        arguments.setdefault("message", CLIP)
        lastword.attach(session, **arguments).detach()

    run_virtual(main())


def one(failure: object) -> Decision:
    """A policy that takes too little."""
    return Decision.TOLERATE


def three(failure: object, history: object, more: object) -> Decision:
    """A policy that takes too much."""
    return Decision.TOLERATE


async def later(failure: object, history: object) -> Decision:
    """A policy that cannot answer at once."""
    return Decision.TOLERATE


class Later:
    """The same as an object."""

    async def __call__(self, failure: object, history: object) -> Decision:
        return Decision.TOLERATE


def nothing() -> None:
    """Takes no report."""


@pytest.mark.parametrize(
    ("arguments", "error", "expected", "got", "remedy"),
    [
        ({"language": 5}, TypeError, "language as a tag", "5", "pass None"),
        ({"language": ["en"]}, TypeError, "language as a tag", r"\['en'\]", "pass None"),
        ({"on_report": 3}, TypeError, "on_report as a function", "3", "the function itself"),
        ({"on_report": nothing}, TypeError, r"of \(report\)", "nothing", "does not take them"),
        ({"policy": "strict"}, TypeError, "policy as a function", "'strict'", "the function"),
        ({"policy": one}, TypeError, r"\(failure, history\)", "one", "does not take them"),
        ({"policy": three}, TypeError, r"\(failure, history\)", "three", "does not take them"),
        ({"policy": later}, TypeError, "returns its answer", "later", "def instead of async"),
        ({"policy": Later()}, TypeError, "returns its answer", "Later", "def instead of async"),
        (
            {"policy": functools.partial(later)},
            TypeError,
            "returns its answer",
            "later",
            "def instead of async",
        ),
        ({"after": "hang_up"}, TypeError, r"expected leave\(\)", "'hang_up'", "transfer_to"),
        ({"after": lastword.hang_up}, TypeError, r"expected leave\(\)", "hang_up", "transfer_to"),
        ({"after": {"later": None}}, TypeError, "a FailureKind or None", "'later'", "key of after"),
        ({"max_message_s": "60"}, TypeError, "max_message_s", "'60'", "pass a float"),
        ({"max_message_s": True}, TypeError, "max_message_s", "True", "pass a float"),
        ({"max_message_s": math.nan}, ValueError, "above 0", "nan", "the default"),
        ({"max_message_s": math.inf}, ValueError, "finite", "inf", "the default"),
        ({"max_message_s": 0}, ValueError, "above 0", "0;", "the default"),
        ({"first_frame_timeout_s": -1}, ValueError, "above 0", "-1", "the default"),
        ({"first_frame_timeout_s": None}, TypeError, "above 0", "None", "pass a float"),
        ({"close_timeout_s": -1}, ValueError, "0 or more", "-1", "the default"),
        ({"close_timeout_s": "8"}, TypeError, "0 or more", "'8'", "pass a float"),
        ({"standby_track": "yes"}, TypeError, "standby_track as True or False", "'yes'", "pass"),
        ({"message": 5}, lastword.MessageError, "expected a message as", "int", "mapping"),
        ({"message": np.zeros(9)}, lastword.MessageError, "a message as", "ndarray", "mapping"),
        ({"message": {"auth": 5}}, lastword.MessageError, "a message as", "int", "mapping"),
        ({"message": {1: CLIP}}, lastword.MessageError, "a FailureKind", "1", "known are"),
    ],
)
def test_attach_tells_wrong_arguments(
    arguments: dict[str, Any], error: type[Exception], expected: str, got: str, remedy: str
) -> None:
    """At once, with all three."""
    with pytest.raises(error, match=f"(?s){expected}.*got.*{got}") as caught:
        attach(**arguments)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("session", "got"),
    [
        (None, "got None; attach to the session"),
        (Agent(instructions="test"), "got an agent; attach to the session"),
        (AgentSession, f"got the class {AgentSession.__name__}; attach to an object of it"),
        (clip_of(0.5), r"got <?.*Clip"),
    ],
)
def test_attach_tells_what_is_no_session(session: Any, got: str) -> None:
    async def main() -> None:
        with pytest.raises(
            TypeError, match=f"expected {AgentSession.__name__} of livekit-agents, {got}"
        ):
            lastword.attach(session, CLIP)

    run_virtual(main())


def test_attach_to_a_closed_session() -> None:
    """It can be attached to once it was started again."""

    async def main() -> None:
        session: AgentSession[None] = AgentSession()
        await session.start(Agent(instructions="test"))
        await session.aclose()
        with pytest.raises(lastword.AttachError, match=r"expected.*open.*got.*closed; attach"):
            lastword.attach(session, CLIP)
        await session.start(Agent(instructions="test"))
        lastword.attach(session, CLIP).detach()
        await session.aclose()

    run_virtual(main())


def test_attach_without_a_loop() -> None:
    async def make() -> AgentSession[None]:
        return AgentSession()

    session = run_virtual(make())
    with pytest.raises(lastword.AttachError, match=r"expected a running event loop, got none; att"):
        lastword.attach(session, CLIP)


@pytest.mark.parametrize("started", [False, True])
def test_attach_from_the_loop_of_another_thread(started: bool) -> None:
    errors: list[Exception] = []

    async def attach(session: AgentSession[None]) -> None:
        try:
            lastword.attach(session, CLIP)
        except Exception as error:  # noqa: BLE001 - looked at below
            errors.append(error)

    async def main() -> None:
        session: AgentSession[None] = AgentSession()
        if started:
            await session.start(Agent(instructions="test"))
        thread = threading.Thread(target=lambda: asyncio.run(attach(session)))
        thread.start()
        thread.join()
        await session.aclose()

    run_virtual(main())
    (error,) = errors
    assert isinstance(error, lastword.AttachError)
    assert "got one of another loop; attach in the coroutine that starts" in str(error)


@pytest.mark.parametrize("language", ["english", "xx", "xx-YY", "", "e"])
def test_a_language_without_clips_is_warned_of_once(
    language: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning lists those that are known; English speaks."""
    attach(language=language, message=lastword.DEFAULT)
    (record,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    text = record.getMessage()
    assert ", ".join(lastword.bundled_languages()) in text
    assert f"got {language!r}" in text


@pytest.mark.parametrize("language", [None, "en", "EN", "pt-BR", "pt_br", "de-AT"])
def test_a_language_with_clips_is_not_warned_of(
    language: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    attach(language=language, message=lastword.DEFAULT)
    assert [r for r in caplog.records if r.levelno == logging.WARNING] == []


@pytest.mark.parametrize(
    ("call", "error", "expected"),
    [
        (lambda: lastword.hang_up(tail_s="1"), TypeError, "expected tail_s.*got '1'.*pass a float"),  # type: ignore[arg-type]
        (lambda: lastword.hang_up(tail_s=-0.1), ValueError, "expected tail_s.*0 or more.*-0.1"),
        (lambda: lastword.hang_up(tail_s=math.nan), ValueError, "expected tail_s.*nan"),
        (lambda: lastword.hang_up(delete_room=1), TypeError, "expected delete_room.*got 1; pass"),  # type: ignore[arg-type]
        (lambda: lastword.transfer_to(4930123456), TypeError, "expected a target.*4930123456"),  # type: ignore[arg-type]
        (lambda: lastword.transfer_to("Berlin"), ValueError, "expected a target.*'Berlin'"),
        (
            lambda: lastword.transfer_to("+49", ringing_timeout_s="30"),  # type: ignore[arg-type]
            TypeError,
            "expected ringing_timeout_s.*'30'",
        ),
        (
            lambda: lastword.transfer_to("+49", ringing_timeout_s=0),
            ValueError,
            "expected ringing_timeout_s.*above 0.*got 0",
        ),
    ],
)
def test_after_actions_tell_wrong_arguments(
    call: Callable[[], object], error: type[Exception], expected: str
) -> None:
    with pytest.raises(error, match=expected):
        call()


async def entrypoint(_: object) -> None:
    """A job that does nothing."""


def plain(_: object) -> None:
    """What is no entrypoint."""


@functools.wraps(entrypoint)
def wrapped(job: object) -> Any:
    """An entrypoint behind another decorator."""
    return entrypoint(job)


@pytest.mark.parametrize(
    ("use", "error", "expected"),
    [
        (lambda: lastword.guard(entrypoint), TypeError, "got the function entrypoint.*brackets"),  # type: ignore[arg-type]
        (lambda: lastword.guard(plain), TypeError, "got the function plain; write.*brackets"),  # type: ignore[arg-type]
        (lambda: lastword.guard(CLIP)(plain), TypeError, "asynchronous.*got.*plain.*async def"),  # type: ignore[arg-type]
        (lambda: lastword.guard(CLIP)(5), TypeError, "asynchronous.*got 5; write"),  # type: ignore[arg-type]
        (lambda: lastword.guard(CLIP, language=5), TypeError, "language as a tag.*got 5"),  # type: ignore[arg-type]
        (lambda: lastword.guard(CLIP, on_report=3), TypeError, "on_report as a function.*got 3"),  # type: ignore[arg-type]
        (lambda: lastword.guard(CLIP, on_report=nothing), TypeError, r"of \(report\).*nothing"),  # type: ignore[arg-type]
        (lambda: lastword.guard(CLIP, after="leave"), TypeError, "expected leave.*'leave'"),  # type: ignore[arg-type]
        (lambda: lastword.guard(5), lastword.MessageError, "expected a message as.*int"),  # type: ignore[arg-type]
    ],
)
def test_guard_tells_wrong_use(
    use: Callable[[], object], error: type[Exception], expected: str
) -> None:
    """When the module is imported, not when a call fails."""
    with pytest.raises(error, match=f"(?s){expected}"):
        use()


@pytest.mark.parametrize("good", [entrypoint, wrapped, functools.partial(entrypoint)])
def test_guard_takes_every_asynchronous_function(good: Any) -> None:
    assert lastword.guard(CLIP)(good) is not good


def test_guard_warns_of_a_language_without_clips(caplog: pytest.LogCaptureFixture) -> None:
    lastword.guard(language="english")
    (record,) = caplog.records
    assert "got 'english'" in record.getMessage()
