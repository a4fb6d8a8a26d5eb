"""A component is broken in a session with the user's own components, and mended again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent, AgentSession, APIConnectionError, APIStatusError, llm, stt, tts

import lastword
from failure.rehearsal import Brain, Ear, Mouth, Sentences, refused
from lastword import FailureKind
from lastword.testing import (
    break_component,
    dies,
    empty,
    exception_of_kind,
    failures,
    hangs,
    rehearse,
)
from lastword.testing.exceptions import kinds_of
from session.fakes import clip_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastword.testing.exceptions import Part
    from lastword.testing.faults import With

PARTS: tuple[Part, ...] = ("llm", "stt", "tts")


def made(**options: Any) -> AgentSession[Any]:
    """A session as a user makes it, whose components are well."""
    parts: dict[str, Any] = {"llm": Brain(None), "tts": Mouth(None), "stt": Ear(None)}
    session: AgentSession[Any] = AgentSession(
        **{**parts, **options}, vad=Sentences(), turn_detection="manual"
    )
    lastword.attach(session, clip_of())
    return session


@pytest.mark.parametrize(("part", "kind"), [(part, k) for part in PARTS for k in kinds_of(part)])
async def test_a_kind_is_what_handlers_see(part: Part, kind: FailureKind) -> None:
    """Each kind of failure of each component; the first of its errors says it."""
    seen: list[lastword.Failure] = []
    async with rehearse(made, virtual_time=True) as call:
        call.session.on("error", lambda event: seen.append(lastword.classify(event)))
        with break_component(call.session, part, with_=kind):
            if part != "stt":
                await call.says("hello?")
            await call.failed()
            assert (seen[0].kind, seen[0].component) == (kind, part)


@pytest.mark.parametrize(
    ("with_", "kind"),
    [
        ("quota_exhausted", FailureKind.QUOTA_EXHAUSTED),
        (refused(), FailureKind.QUOTA_EXHAUSTED),
        (refused, FailureKind.QUOTA_EXHAUSTED),
        (failures("anthropic")["credit-balance-too-low"], FailureKind.QUOTA_EXHAUSTED),
        (dies(), FailureKind.CONNECTION),
    ],
    ids=["name", "instance", "function", "documented", "dies"],
)
@pytest.mark.parametrize("part", PARTS)
async def test_every_form_of_a_fault(part: Part, with_: With, kind: FailureKind) -> None:
    """It breaks the component, with its own components the session fails as in earnest."""
    async with rehearse(made, virtual_time=True) as call:
        with break_component(call.session, part, with_=with_):
            if part != "stt":
                await call.says("hello?")
            assert (await call.failed()).kind == kind


async def test_a_call_that_fails_for_good_is_heard() -> None:
    """All the way: error, last words, close, report."""
    async with rehearse(made, virtual_time=True) as call:
        with break_component(call.session, "llm", with_="auth"):
            await call.says("hello?")
            failure = await call.failed()
            report = await call.closed()
    assert failure.terminal
    assert report is not None
    assert (report.played, report.failure) == ("full", failure)
    assert call.silence_s <= 0.05
    assert call.heard_last.sound_s == pytest.approx(1.0, abs=0.051)


async def test_what_is_mended_works_again() -> None:
    """Outside of the context the user's own component is asked."""
    brain = Brain(None)
    async with rehearse(lambda: made(llm=brain), virtual_time=True) as call:
        with break_component(call.session, "llm", with_="overloaded"):
            await call.says("hello?")
            await call.failed()
        assert brain.script.attempts == 0
        await call.says("hello?")
        await call.state("speaking")
        assert brain.script.attempts == 1
        assert not call.has_closed


async def test_a_hanging_component_goes_on_when_it_is_mended() -> None:
    """In the middle of the attempt that hangs."""
    async with rehearse(made, virtual_time=True) as call:
        with break_component(call.session, "llm", with_=hangs()):
            await call.says("hello?")
            await call.sleep(5.0)
            assert (call.session.agent_state, call.heard.sound_s) == ("thinking", 0.0)
            assert call.silence_s == pytest.approx(5.0, abs=0.01)
        await call.state("speaking")


async def test_an_empty_answer_is_no_error() -> None:
    """The turn ends without a word."""
    async with rehearse(made, virtual_time=True) as call:
        with break_component(call.session, "llm", with_=empty()):
            await call.says("hello?")
            await call.sleep(1.0)
        assert (call.session.agent_state, call.heard.sound_s) == ("listening", 0.0)
        assert [event.name for event in call.events if event.name == "error"] == []


async def test_so_many_attempts_fail_and_no_more() -> None:
    """A retry after them finds the component well."""
    async with rehearse(made, virtual_time=True) as call:
        with break_component(call.session, "llm", with_="overloaded", times=2):
            await call.says("hello?")
            await call.state("speaking")
        errors = [event for event in call.events if event.name == "error"]
        assert len(errors) == 2


async def test_it_breaks_after_some_turns() -> None:
    """The first of them is well."""
    async with rehearse(made, virtual_time=True) as call:
        with break_component(call.session, "tts", with_="auth", after_turns=1):
            await call.says("hello?")
            await call.state("speaking")
            await call.state("listening")
            await call.says("and?")
            await call.failed()
    assert [event.name for event in call.events].index("error") > 3


@pytest.mark.parametrize(
    ("part", "adapter"),
    [
        ("llm", lambda: {"llm": llm.FallbackAdapter([Brain(None), Brain(None)])}),
        ("tts", lambda: {"tts": tts.FallbackAdapter([Mouth(None), Mouth(None)])}),
        ("tts", lambda: {"tts": tts.StreamAdapter(tts=Mouth(None))}),
        ("stt", lambda: {"stt": stt.StreamAdapter(stt=Ear(None), vad=Sentences())}),
    ],
    ids=["llm-fallback", "tts-fallback", "tts-stream", "stt-stream"],
)
async def test_all_behind_an_adapter_is_broken(
    part: Part, adapter: Callable[[], dict[str, Any]]
) -> None:
    """A role that has an outage has it with all its providers."""
    async with rehearse(lambda: made(**adapter()), virtual_time=True) as call:
        with break_component(call.session, part, with_="auth"):
            if part != "stt":
                await call.says("hello?")
            assert (await call.failed()).kind == FailureKind.AUTH


async def test_the_agents_own_component_is_broken() -> None:
    """Whatever works for the session, not what it was given."""

    def with_agent() -> tuple[AgentSession[Any], Agent]:
        return made(), Agent(instructions="test", llm=Brain(None))

    async with rehearse(with_agent, virtual_time=True) as call:
        with break_component(call.session, "llm", with_="auth"):
            await call.says("hello?")
            assert (await call.failed()).kind == FailureKind.AUTH


async def test_another_session_is_left_alone() -> None:
    """Two calls of one process: one has the outage."""
    async with rehearse(made) as one, rehearse(made) as other:
        with break_component(one.session, "llm", with_="auth"):
            await other.says("hello?")
            await other.state("speaking")
            await one.says("hello?")
            await one.failed()
        assert not [event for event in other.events if event.name == "error"]


async def test_nothing_is_left_behind() -> None:
    """The classes of livekit-agents are as they were."""
    places = [llm.LLMStream, tts.ChunkedStream, tts.SynthesizeStream, stt.RecognizeStream]
    before = [vars(cls)["_main_task"] for cls in places]
    async with rehearse(made, virtual_time=True) as call:
        with break_component(call.session, "llm", with_="auth"):
            await call.says("hello?")
            await call.closed()
    assert [vars(cls)["_main_task"] for cls in places] == before


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"component": "vad"}, ValueError, "llm, stt, tts"),
        ({"with_": "nonsense"}, ValueError, "quota_exhausted"),
        ({"with_": "dead_air"}, ValueError, "known are"),
        ({"with_": "content_filtered", "component": "tts"}, ValueError, "known are"),
        ({"with_": 5}, TypeError, "hangs()"),
        ({"times": 0}, ValueError, "times"),
        ({"after_turns": -1}, ValueError, "after_turns"),
        ({"session": Agent(instructions="")}, TypeError, "AgentSession"),
    ],
)  # fmt: skip
async def test_wrong_use_is_told(
    options: dict[str, Any], error: type[Exception], told: str
) -> None:
    """What was expected, and what is known."""
    given: dict[str, Any] = {"session": AgentSession(), "component": "llm", "with_": "auth"}
    with pytest.raises(error) as caught, break_component(**{**given, **options}):
        pass
    assert told in str(caught.value)


def test_a_made_exception_is_fresh() -> None:
    """Two of them share nothing that handlers write to."""
    one, other = exception_of_kind("auth"), exception_of_kind("auth")
    assert isinstance(one, APIStatusError)
    assert one is not other
    assert isinstance(exception_of_kind(FailureKind.CONNECTION, "tts"), APIConnectionError)
