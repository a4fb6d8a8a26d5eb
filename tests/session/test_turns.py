"""Turns that fail in the agent's own code: announced, counted, the third ends (virtual time)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent

from failure.rehearsal import Ear, Microphone
from session.broken import Broken, start, turn
from session.fakes import FakeLLM, FakeTTS, clip_of, out_of_credits
from session.scenario import CLIP_S, Scenario
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.usefixtures("collected")


class Mute(Agent):
    """Has a voice that makes no sound of any words."""

    async def tts_node(self, text: Any, settings: Any) -> AsyncIterator[Any]:
        async for _ in text:
            pass
        return
        yield


@pytest.mark.parametrize("node", ["llm_node", "tts_node"])
def test_a_node_that_raises_in_each_turn(node: str) -> None:
    """Each is announced with the exception itself; after the third the last words are heard."""

    async def main() -> None:
        s = await start(Broken(node))
        for count in (1, 2):
            await turn(s)
            assert [type(error.error) for error in s.errors] == [KeyError] * count
            assert s.call.closes == []
        await turn(s)
        report = await s.closed()
        assert report.played == "full"
        assert len(s.call.closes) == 1
        assert [error.recoverable for error in s.errors] == [False] * 3
        assert {error.type for error in s.errors} == {node.replace("_node", "_error")}

    run_virtual(main())


def test_a_good_turn_between_starts_the_count_anew() -> None:
    async def main() -> None:
        agent = Broken("llm_node", times=2)
        s = await start(agent)
        for _ in range(3):
            await turn(s)
        agent.times = 2
        for _ in range(3):
            await turn(s)
        assert len(s.errors) == 4
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())


def test_an_apology_does_not_make_a_turn_good() -> None:
    """What an error handler says at once is heard, and the third failed turn is the last."""

    async def main() -> None:
        s = await start(Broken("llm_node"))
        s.session.on("error", lambda _: s.last_word.closing or s.session.say("Sorry."))
        for _ in range(3):
            await turn(s)
        await s.closed()
        assert len(s.errors) == 3

    run_virtual(main())


def test_a_handler_may_bring_another_agent() -> None:
    """The agent that failed is gone: the call lives."""

    async def main() -> None:
        s = await start(Broken("llm_node"), attach={"policy": None})
        s.session.on("error", lambda _: s.session.update_agent(Agent(instructions="well")))
        for _ in range(4):
            await turn(s)
        assert len(s.errors) == 1
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())


def test_on_enter_raises() -> None:
    async def main() -> None:
        s = await start(Broken("on_enter"))
        await asyncio.sleep(1)
        assert s.call.events == ["error"]
        await turn(s)
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())


def test_on_user_turn_completed_raises() -> None:
    """The turn of a caller who says something is silent: it is announced."""

    async def main() -> None:
        s = await start(
            Broken("on_user_turn_completed", times=1),
            stt=Ear(None),
            turn_detection="manual",
            before=lambda call: setattr(call.session.input, "audio", Microphone()),
        )
        await asyncio.sleep(1)
        s.session.commit_user_turn()
        await asyncio.sleep(5)
        assert [type(error.error) for error in s.errors] == [KeyError]
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())


def test_on_user_turn_completed_raises_each_time() -> None:
    async def main() -> None:
        agent = Broken("on_user_turn_completed")
        s = await start(agent)
        for _ in range(3):
            with pytest.raises(KeyError):
                await agent.on_user_turn_completed()
            await asyncio.sleep(1)
        report = await s.closed()
        assert report.played == "full"

    run_virtual(main())


def test_words_without_a_sound() -> None:
    async def main() -> None:
        s = await start(Mute(instructions="test"))
        for _ in range(3):
            await turn(s)
        await s.closed()
        assert [error.type for error in s.errors] == ["tts_error"] * 3
        assert "no sound" in str(s.errors[0].error)

    run_virtual(main())


def test_an_error_of_the_provider_is_announced_once() -> None:
    """It passes the agent's own node on its way, and ends the call as ever."""

    def fail() -> str:
        raise out_of_credits()

    async def main() -> None:
        s = await Scenario.start(llm=FakeLLM(fail), tts=FakeTTS(), agent=Broken("nowhere"))
        s.fail()
        await s.closed()
        s.check()
        assert s.call.events.count("error") == 1

    run_virtual(main())


def test_a_message_of_three_seconds_is_heard_after_failed_turns() -> None:
    """The words that end the call are those of any other failure."""

    async def main() -> None:
        s = await start(Broken("llm_node"))
        for _ in range(3):
            await turn(s)
        await s.closed()
        assert s.call.sink is not None
        assert s.call.sink.heard_s == pytest.approx(clip_of(CLIP_S).duration_s, abs=0.01)

    run_virtual(main())
