"""`lastword.AgentSession`: livekit's own session, with the last word built in."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from livekit import agents
from livekit.agents import NOT_GIVEN, Agent, APIStatusError

import lastword
from lastword._upstream import versions
from lastword._upstream.options import SessionOptions
from lastword.testing.sink import RecordingSink
from session.fakes import Call, FakeLLM, clip_of, out_of_credits
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import ErrorEvent

LIVEKITS = versions.session_class()
OURS = inspect.signature(lastword.AgentSession).parameters
THEIRS = inspect.signature(LIVEKITS).parameters
ADDED = {
    name: parameter
    for name, parameter in inspect.signature(lastword.attach).parameters.items()
    if name not in {"session", "message"}
}
CLIP_S = 0.5


def failing_llm() -> FakeLLM:
    """An LLM that is out of credits."""

    def answer() -> str:
        raise out_of_credits()

    return FakeLLM(answer)


def fail(make: Callable[..., Any], **options: Any) -> Call:
    """Lets a session fail for good and returns what was seen until it had closed."""

    async def main() -> Call:
        session = make(llm=failing_llm(), **options)
        session.output.audio = sink = RecordingSink()
        call = Call(session, sink)
        session.on("error", lambda _: call.note("error"))
        session.on("close", call.on_close)
        await session.start(Agent(instructions="test"))
        session.generate_reply(user_input="hello?")
        await call.closed.wait()
        return call

    return run_virtual(main())


def heard_s(call: Call) -> float:
    """Seconds of sound that were played."""
    assert call.sink is not None
    return call.sink.heard_s


def test_a_clip_is_heard_and_the_session_closes() -> None:
    """The message is the only thing to say; the session does the rest."""
    call = fail(lastword.AgentSession, unrecoverable_error_message=clip_of(CLIP_S))
    assert call.events == ["error", "close:error"]
    assert heard_s(call) == pytest.approx(CLIP_S, abs=0.051)
    report = call.session.last_word.report  # type: ignore[attr-defined]
    assert (report.played, report.source) == ("full", "clip")


@pytest.mark.parametrize(
    "message",
    [{}, {"unrecoverable_error_message": NOT_GIVEN}],
    ids=["left out", "NOT_GIVEN"],
)
def test_without_a_message_the_default_is_heard(message: dict[str, Any]) -> None:
    """What #6152 calls the generic default is the bundled clip."""
    call = fail(lastword.AgentSession, **message)
    assert heard_s(call) == pytest.approx(lastword.bundled().duration_s, abs=0.051)


@pytest.mark.parametrize("message", [None, ""])
def test_none_and_the_empty_text_close_in_silence(message: str | None) -> None:
    """`""` is treated as `None`."""
    call = fail(lastword.AgentSession, unrecoverable_error_message=message)
    assert call.events == ["error", "close:error"]
    assert heard_s(call) == 0.0


def test_a_users_subclass_keeps_working() -> None:
    """Own constructor, own state, overridden methods: called as before, and the clip is heard."""
    asked: list[str] = []

    @dataclass
    class State:
        name: str

    class Reception(lastword.AgentSession[State]):
        def __init__(self, name: str, **options: Any) -> None:
            super().__init__(userdata=State(name), **options)
            self.greeting = f"This is {name}."

        def generate_reply(self, **options: Any) -> Any:
            asked.append("generate_reply")
            return super().generate_reply(**options)

        def emit(self, event: Any, *args: Any) -> None:
            asked.append(f"emit {event}")
            super().emit(event, *args)

    call = fail(
        lambda **options: Reception("Ada", **options),
        unrecoverable_error_message=clip_of(CLIP_S),
    )
    assert call.session.userdata.name == "Ada"
    assert [asked.count(n) for n in ("generate_reply", "emit error", "emit close")] == [1, 1, 1]
    assert heard_s(call) == pytest.approx(CLIP_S, abs=0.051)


def test_it_mixes_with_a_users_own_session_class() -> None:
    """A subclass of livekit's session becomes one of ours by a second base."""

    class Reception(LIVEKITS):  # type: ignore[valid-type, misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.greeting = "hello"

    class Speaking(Reception, lastword.AgentSession[Any]):
        pass

    call = fail(Speaking, unrecoverable_error_message=clip_of(CLIP_S))
    assert call.session.greeting == "hello"  # type: ignore[attr-defined]
    assert heard_s(call) == pytest.approx(CLIP_S, abs=0.051)


async def test_it_is_a_session_of_livekit_with_every_argument() -> None:
    """Same constructor and the arguments of `attach`, also where editors look."""
    assert set(OURS) == {*THEIRS, *ADDED, "unrecoverable_error_message"}
    assert issubclass(lastword.AgentSession, LIVEKITS)
    session: lastword.AgentSession[int] = lastword.AgentSession(userdata=7, max_tool_steps=2)
    assert (session.userdata, session.options.max_tool_steps) == (7, 2)


def test_it_takes_what_attach_takes() -> None:
    """Same names, types and defaults; none of them is one of livekit's."""
    assert {name: str(OURS[name]) for name in ADDED} == {n: str(p) for n, p in ADDED.items()}
    assert not THEIRS.keys() & ADDED.keys()


def test_its_arguments_reach_attach() -> None:
    """What follows the last words, and who is told of them."""
    told: list[lastword.Report] = []
    call = fail(
        lastword.AgentSession,
        unrecoverable_error_message=None,
        after=lastword.leave(),
        on_report=told.append,
    )
    assert call.events == ["error", "close:error"]
    assert [report.after for report in told] == ["leave"]


@pytest.mark.skipif(hasattr(agents, "LiveSession"), reason="2.0 has another constructor")
def test_type_checkers_know_every_argument_of_livekits_session() -> None:
    """Each version's names, and all types of the newest one, which takes the most."""
    typed = {
        name: re.sub(r"\b_(llm|stt|tts|vad)\.", r"\1.", hint.__forward_arg__).replace("[Any]", "")
        for name, hint in SessionOptions.__annotations__.items()
    }
    theirs = {name: str(parameter.annotation) for name, parameter in THEIRS.items()}
    assert theirs.keys() <= typed.keys()
    if tuple(map(int, agents.__version__.split(".")[:2])) >= (1, 8):
        assert typed == theirs


async def test_a_broken_message_is_refused_by_the_constructor() -> None:
    """A file that is missing is told before any call."""
    with pytest.raises(lastword.ClipNotFoundError, match=r"gone\.wav"):
        lastword.AgentSession(unrecoverable_error_message="gone.wav")


async def test_it_has_its_last_word_already() -> None:
    """A second one is refused, and the first can be taken out for another."""
    session: lastword.AgentSession[None] = lastword.AgentSession()
    with pytest.raises(lastword.AlreadyAttachedError):
        lastword.attach(session)
    session.last_word.detach()
    lastword.attach(session, None).detach()


def test_code_written_for_6152_works_with_the_import_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the pull request lets users write: the argument, and the typed error in the handler."""
    monkeypatch.setitem(sys.modules, "livekit_with_6152", lastword)
    from livekit_with_6152 import (  # type: ignore[import-not-found] # noqa: PLC0415
        AgentSession,
        InferenceQuotaExceededError,
    )

    seen: list[tuple[Any, ...]] = []

    class Assistant(AgentSession):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(unrecoverable_error_message=clip_of(CLIP_S), **options)
            self.on("error", self.on_trouble)

        def on_trouble(self, ev: ErrorEvent) -> None:
            error = ev.error.error
            if isinstance(error, InferenceQuotaExceededError):
                seen.append((error.quota_type, error.category, error.hint, error.retryable))
            assert isinstance(error, APIStatusError)

    call = fail(Assistant)
    assert seen == [("llm", "MaxGatewayCredits", "top up", False)]
    assert heard_s(call) == pytest.approx(CLIP_S, abs=0.051)
