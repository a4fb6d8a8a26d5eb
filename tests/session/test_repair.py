"""A call whose failed component user code has replaced goes on (virtual time)."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, Agent, APIStatusError, llm, stt

from session.fakes import FakeLLM, FakeTTS, out_of_credits, overloaded
from session.scenario import Scenario, failing_llm
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

REPLY_S = 0.7


def good_llm() -> FakeLLM:
    """An LLM that answers."""
    return FakeLLM(lambda: "Hello.")


class Listening(stt.STT):
    """Hears nothing, for ever."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))

    async def _recognize_impl(self, *_: Any, **__: Any) -> stt.SpeechEvent:
        raise NotImplementedError

    def stream(self, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS, **_: Any) -> Any:
        return _Nothing(stt=self, conn_options=conn_options)


class _Nothing(stt.RecognizeStream):
    async def _run(self) -> None:
        await asyncio.Event().wait()


def dead_tts() -> FakeTTS:
    """A voice without credits."""

    def fail() -> None:
        raise out_of_credits()

    return FakeTTS(fault=fail)


class Own(Agent):
    """Brings its parts as properties, as code that switches them does."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(instructions="test")
        self.parts = parts

    @property
    def llm(self) -> Any:
        return self.parts.get("llm", super().llm)

    @property
    def tts(self) -> Any:
        return self.parts.get("tts", super().tts)

    @property
    def stt(self) -> Any:
        return self.parts.get("stt", super().stt)


async def survives(s: Scenario) -> None:
    """The next turn is heard, and nothing was said or closed."""
    await asyncio.sleep(5)
    assert s.call.closes == []
    s.session.generate_reply(user_input="hello again?")
    await asyncio.sleep(5)
    assert s.call.sink is not None
    assert s.call.sink.heard_s == pytest.approx(REPLY_S, abs=0.02)
    assert s.call.closes == []
    assert s.last_word.report is None
    await s.session.aclose()


async def ends(s: Scenario) -> None:
    """The last words are heard."""
    await s.closed()
    s.check()


def switching(s: Scenario, switch: Callable[[], object]) -> None:
    """Lets an error handler switch something, and keep quiet about it."""
    s.session.on("error", lambda event: None if event.error.recoverable else switch())


def test_an_agent_changes_its_voice(caplog: pytest.LogCaptureFixture) -> None:
    """`agent.tts` is a property: the next turn has another voice. The log says so."""

    async def main() -> None:
        agent = Own(tts=dead_tts())
        s = await Scenario.start(llm=good_llm(), agent=agent)
        switching(s, lambda: agent.parts.update(tts=FakeTTS(REPLY_S)))
        s.fail()
        await survives(s)

    run_virtual(main())
    assert [r for r in caplog.records if "has replaced the tts that failed" in r.getMessage()]


def test_another_agent_brings_its_own_llm() -> None:
    """`update_agent` in the handler, to an agent with another LLM."""

    async def main() -> None:
        s = await Scenario.start(tts=FakeTTS(REPLY_S))
        other = Agent(instructions="other", llm=good_llm())
        switching(s, lambda: s.session.update_agent(other))
        s.fail()
        await survives(s)

    run_virtual(main())


@pytest.mark.skipif(
    "llm" not in inspect.signature(Agent.update_options).parameters
    if hasattr(Agent, "update_options")
    else True,
    reason="this livekit-agents cannot change an agent's parts",
)
def test_an_agent_is_given_another_llm() -> None:
    """`agent.update_options` in the handler, which hears of each error once.

    The agent listens no more to the old one when its error has been announced.
    """

    async def main() -> None:
        agent = Agent(instructions="test")
        s = await Scenario.start(tts=FakeTTS(REPLY_S), agent=agent)
        switching(s, lambda: agent.update_options(llm=good_llm()))
        s.fail()
        await survives(s)
        assert s.call.events.count("error") == 1

    run_virtual(main())


def test_the_session_is_given_another_voice() -> None:
    """What the session itself holds is looked at where the agent brings nothing."""

    async def main() -> None:
        s = await Scenario.start(llm=good_llm(), tts=dead_tts())
        switching(s, lambda: setattr(s.session, "_tts", FakeTTS(REPLY_S)))
        s.fail()
        await survives(s)

    run_virtual(main())


def test_an_agent_changes_its_ears() -> None:
    """The role of the component that failed is looked at."""

    async def main() -> None:
        agent = Own(stt=Listening(), tts=FakeTTS(REPLY_S))
        s = await Scenario.start(llm=good_llm(), agent=agent)
        switching(s, lambda: agent.parts.update(stt=Listening()))
        error = stt.STTError(timestamp=0, label="", error=out_of_credits(), recoverable=False)
        agent.parts["stt"].emit("error", error)
        await survives(s)

    run_virtual(main())


def test_a_realtime_model_is_replaced() -> None:
    """For which livekit-agents tolerates no error at all."""

    async def main() -> None:
        s = await Scenario.start(llm=good_llm(), tts=FakeTTS(REPLY_S))
        other = Agent(instructions="other", llm=good_llm())
        switching(s, lambda: s.session.update_agent(other))
        error = llm.RealtimeModelError(
            timestamp=0, label="", error=out_of_credits(), recoverable=False
        )
        s.session._activity._on_error(error)
        await survives(s)

    run_virtual(main())


def test_the_other_sentences_of_the_turn_do_not_end_the_call() -> None:
    """They fail in the old voice, which is in use no more."""

    async def main() -> None:
        old = dead_tts()
        agent = Own(tts=old)
        s = await Scenario.start(llm=good_llm(), agent=agent)
        changes = iter([FakeTTS(REPLY_S)])
        switching(s, lambda: agent.parts.update(tts=next(changes, agent.parts["tts"])))
        for _ in range(5):
            with pytest.raises(APIStatusError):
                await old.synthesize("a sentence").collect()
        await survives(s)

    run_virtual(main())


# --- what repairs nothing -------------------------------------------------------------------------


def test_another_part_is_replaced() -> None:
    async def main() -> None:
        agent = Own(tts=FakeTTS(REPLY_S))
        s = await Scenario.start(agent=agent)
        switching(s, lambda: agent.parts.update(tts=FakeTTS(REPLY_S)))
        s.fail()
        await ends(s)

    run_virtual(main())


def test_another_agent_uses_the_same() -> None:
    async def main() -> None:
        s = await Scenario.start(tts=FakeTTS(REPLY_S))
        switching(s, lambda: s.session.update_agent(Agent(instructions="other")))
        s.fail()
        await ends(s)

    run_virtual(main())


def test_an_adapter_around_the_same() -> None:
    async def main() -> None:
        brain = failing_llm()
        agent = Own(llm=brain)
        s = await Scenario.start(agent=agent)
        switching(s, lambda: agent.parts.update(llm=llm.FallbackAdapter([brain])))
        s.fail()
        await ends(s)

    run_virtual(main())


def test_a_property_that_makes_a_new_one_each_time() -> None:
    class Making(Own):
        @property
        def tts(self) -> Any:
            return dead_tts()

    async def main() -> None:
        s = await Scenario.start(llm=good_llm(), agent=Making())
        s.fail()
        await ends(s)

    run_virtual(main())


@pytest.mark.parametrize("error", [out_of_credits, overloaded])
def test_a_replacement_that_fails_too(error: Callable[[], Exception]) -> None:
    """Again and again: the fourth with nothing heard between is the last."""

    def failing() -> FakeLLM:
        def fail() -> str:
            raise error()

        return FakeLLM(fail)

    async def main() -> None:
        agent = Own(llm=failing())
        s = await Scenario.start(agent=agent)
        errors: list[object] = []

        def switch() -> None:
            errors.append(1)
            agent.parts["llm"] = failing()

        switching(s, switch)
        for _ in range(9):
            if s.call.closed.is_set():
                break
            s.fail()
            await asyncio.sleep(20)
        await ends(s)
        return len(errors)

    turns = run_virtual(main())
    assert turns == (4 if error is out_of_credits else turns)
    assert turns <= 8
