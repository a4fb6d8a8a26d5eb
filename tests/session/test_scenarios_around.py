"""States around the model's failure: hand-overs, tasks, other components, other sessions."""

from __future__ import annotations

import asyncio

import pytest
from livekit.agents import Agent, AgentTask, APIStatusError, llm
from livekit.agents.voice.events import CloseReason

from session.fakes import Call, FakeLLM, FakeTTS, out_of_credits, overloaded
from session.scenario import CLIP_S, TAIL_S, Scenario
from session.virtual_time import run_virtual


def test_a_hand_over_in_flight() -> None:
    """The scheduler is paused by a hand-over whose old agent hangs: heard by the direct way."""

    class Stuck(Agent):
        async def on_exit(self) -> None:
            await asyncio.sleep(30)

    async def main() -> None:
        s = await Scenario.start(agent=Stuck(instructions="test"), tts=FakeTTS(0.2))
        s.session.update_agent(Agent(instructions="second"))
        await asyncio.sleep(1.0)
        s.session._on_error(
            llm.LLMError(timestamp=0, label="x", error=out_of_credits(), recoverable=False)
        )
        s.call.note("error")
        report = await s.closed()
        assert report.path in ("direct", "say")
        s.check()
        assert s.call.at("frame") - s.call.at("error") < 2.0

    run_virtual(main())


def test_inside_a_nested_task() -> None:
    """The failure comes while an inline AgentTask has the floor."""

    class Ask(AgentTask[str]):
        def __init__(self) -> None:
            super().__init__(instructions="ask")

        async def on_enter(self) -> None:
            self.session.generate_reply(user_input="your name?")

    class Asking(Agent):
        async def on_enter(self) -> None:
            await Ask()

    async def main() -> None:
        s = await Scenario.start(agent=Asking(instructions="test"))
        await s.closed()
        s.check()
        assert s.call.at("close:error") - s.call.at("error") <= CLIP_S + TAIL_S + 9.1

    run_virtual(main())


def test_a_terminal_tts_failure() -> None:
    """The TTS itself is out of credits: the message needs none."""

    def fail() -> None:
        raise out_of_credits()

    async def main() -> None:
        s = await Scenario.start(llm=FakeLLM(lambda: "hello"), tts=FakeTTS(fault=fail))
        s.fail()
        report = await s.closed()
        assert report.failure.component == "tts"
        s.check()

    run_virtual(main())


def test_transient_failures_are_counted_as_upstream_does() -> None:
    """503 on every turn: three turns are tolerated, the fourth gets the last words."""

    def fail() -> str:
        raise overloaded()

    async def main() -> None:
        s = await Scenario.start(llm=FakeLLM(fail))
        for turn in range(4):
            assert s.call.closes == [], turn
            s.fail()
            await asyncio.sleep(10)
        report = await s.closed()
        assert report.failure.terminal is False
        assert s.call.events.count("error") >= 4
        s.check()

    run_virtual(main())


def test_the_participant_leaves_during_the_message() -> None:
    """Nobody listens any more: the message stops at once."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.5)
        s.session._close_soon(reason=CloseReason.PARTICIPANT_DISCONNECTED)
        await s.closed()
        s.check(heard_s=0.5, close_s=0.5)

    run_virtual(main())


def test_two_sessions_in_one_process() -> None:
    """The failure of one does not touch the other, with or without a last word."""

    async def main() -> None:
        other = await Call.start(llm=FakeLLM(lambda: "hi"), tts=FakeTTS(3.0))
        story = other.session.say("a story")
        s = await Scenario.start()
        await asyncio.sleep(0.5)
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        await asyncio.wait_for(story.wait_for_playout(), 10)
        assert other.closes == []
        assert other.sink is not None
        assert other.sink.heard_s == pytest.approx(3.0, abs=0.06)
        await other.session.aclose()

    run_virtual(main())


def test_run_ends_with_an_error() -> None:
    """`session.run()` waits for the reply: it ends when the session closes."""

    async def main() -> None:
        s = await Scenario.start()
        run = s.session.run(user_input="hello?")
        await s.closed()
        s.check()
        try:
            await asyncio.wait_for(run, 10)
        except RuntimeError as error:
            assert "closed" in str(error)  # noqa: PT017 - 1.8 raises, older versions return

    run_virtual(main())


def test_rate_limits_with_good_answers_between_end_no_call() -> None:
    """A provider that refuses every other turn is tolerated for ever: its answers count."""
    turn = 0

    def every_other() -> str:
        if turn % 2:
            raise APIStatusError("slow down", status_code=429, body=None, retryable=False)
        return "hello"

    async def main() -> None:
        nonlocal turn
        s = await Scenario.start(llm=FakeLLM(every_other), tts=FakeTTS(0.5))
        for turn in range(14):  # noqa: B007 - read by the model
            s.fail()
            await asyncio.sleep(3)
        assert s.call.events.count("error") >= 7
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())
