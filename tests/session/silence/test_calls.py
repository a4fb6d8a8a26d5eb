"""What callers, handlers and settings make of the watch for silence (virtual time)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import Agent

from lastword import FailureKind, Silence
from session.fakes import FakeTTS, clip_of, overloaded
from session.silence.people import SlowLLM, Talk, hung_llm
from session.virtual_time import run_virtual

WITHIN_S = 0.2


def fails() -> None:
    raise overloaded()


@pytest.mark.parametrize("seconds", [0.3, 1.5])
def test_noise_is_no_turn(seconds: float) -> None:
    async def main() -> None:
        talk = await Talk.start()
        for _ in range(6):
            await talk.says("", seconds)
            await talk.wait(5.0)
        await talk.wait(100.0)
        assert talk.given_up == []
        await talk.end()

    run_virtual(main())


def test_a_caller_who_goes_on_is_not_answered_for() -> None:
    """Each word pays what was owed, also in the middle of a long thought of the agent."""

    async def main() -> None:
        talk = await Talk.start(llm=SlowLLM((20.0, "Hello.")))
        for _ in range(5):
            await talk.says(seconds=3.0)
            await talk.wait(12.0)
        assert talk.given_up == []
        await talk.end()

    run_virtual(main())


def test_a_caller_who_asks_again_and_again_and_gets_nothing() -> None:
    """Each question pays what was owed; the third empty answer in a row is the last."""

    async def main() -> None:
        talk = await Talk.start(llm=SlowLLM((0.3, "Hello."), (0.3, "")))
        for _ in range(4):
            await talk.says()
            await talk.wait(6.0)
        report = await talk.last_word.settled()
        assert report is not None
        assert (report.failure.kind, report.failure.component) == (FailureKind.DEAD_AIR, "llm")
        assert len(talk.given_up) == 1
        assert talk.call.at("close:error") - talk.silent_since < 4.0
        assert talk.call.session.llm.attempts == 4  # type: ignore[union-attr]

    run_virtual(main())


def test_empty_answers_between_good_ones_are_no_silence() -> None:
    async def main() -> None:
        answers = [(0.3, ""), (0.3, ""), (0.3, "Hello.")] * 3
        talk = await Talk.start(llm=SlowLLM(*answers))
        for _ in answers:
            await talk.says()
            await talk.wait(8.0)
        assert talk.given_up == []
        await talk.end()

    run_virtual(main())


def test_a_handler_keeps_the_call() -> None:
    """The error is announced first; what is kept is waited for anew."""

    async def main() -> None:
        talk = await Talk.start(llm=hung_llm())
        announced: list[Any] = []  # of its own: an emitter of livekit 1.1.2 calls in any order

        def keep(event: Any) -> None:
            announced.append(event)
            event.error.recoverable = len(announced) < 3

        talk.call.session.on("error", keep)
        talk.asks()
        await asyncio.wait_for(talk.call.closed.wait(), 300.0)
        assert len(talk.given_up) == 3
        assert talk.call.at("close:error") - talk.silent_since == pytest.approx(91.2, abs=0.5)

    run_virtual(main())


def test_the_watch_can_be_switched_off() -> None:
    async def main() -> None:
        talk = await Talk.start(llm=hung_llm(), attach={"silence": None})
        talk.asks()
        await talk.wait(34.0)
        assert talk.given_up == []
        await talk.end()

    run_virtual(main())


def test_the_bounds_are_the_users() -> None:
    async def main() -> None:
        talk = await Talk.start(Silence(give_up_after_s=5.0), llm=hung_llm())
        talk.asks()
        await asyncio.wait_for(talk.call.closed.wait(), 60.0)
        report = await talk.last_word.settled()
        assert report is not None
        assert report.silent_s == pytest.approx(5.0, abs=WITHIN_S)
        assert "5.0 s" in report.failure.detail

    run_virtual(main())


def test_a_detached_session_is_watched_no_more() -> None:
    async def main() -> None:
        talk = await Talk.start(llm=hung_llm())
        talk.asks()
        await talk.wait(1.0)
        talk.last_word.detach()
        await talk.wait(33.0)
        assert talk.given_up == []
        assert "capture_frame" not in vars(talk.call.session.output.audio)
        await talk.call.session.aclose()

    run_virtual(main())


def test_an_apology_is_said_on_each_failed_turn_and_the_count_goes_on() -> None:
    """Where there is no room the session says it; it is no sound that the TTS has made."""

    async def main() -> None:
        talk = await Talk.start(
            tts=FakeTTS(fault=fails), attach={"apology": clip_of(0.5), "silence": None}
        )
        for _ in range(4):
            talk.asks()
            await talk.wait(30.0)
        report = await talk.last_word.settled()
        assert report is not None
        assert report.fillers == 3
        assert len(talk.errors) >= 4

    run_virtual(main())


def test_an_apology_for_a_fault_of_the_agents_own_does_not_mend_it() -> None:
    """The third turn in a row that fails ends the call, although two apologies were heard."""

    class Broken(Agent):
        async def llm_node(self, *_: Any) -> str:
            raise KeyError("order_id")

    async def main() -> None:
        talk = await Talk.start(
            agent=Broken(instructions="test"), attach={"apology": clip_of(0.5), "silence": None}
        )
        for _ in range(3):
            talk.asks()
            await talk.wait(10.0)
        report = await talk.last_word.settled()
        assert report is not None
        assert report.fillers == 2
        assert report.played == "full"

    run_virtual(main())
