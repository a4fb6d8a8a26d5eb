"""Every state a call can be in when its LLM fails for good (virtual time).

Rows of the scenario table: each says what must be heard, by which way, and when the session closes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent

from lastword.testing.sink import RecordingSink
from session.fakes import FakeTTS, swallow
from session.scenario import CLIP_S, TAIL_S, Scenario, failing_llm
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable


def test_idle() -> None:
    """Nothing else goes on: the message begins at once, the close follows its tail."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        report = await s.closed()
        assert s.call.events == ["error", "frame", "close:error"]
        assert report.path == "say"
        assert s.call.at("frame") - s.call.at("error") < 0.05
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


@pytest.mark.parametrize("interruptible", [True, False])
@pytest.mark.parametrize("queued", [1, 3])
def test_an_earlier_speech_is_cut(queued: int, interruptible: bool) -> None:
    """Earlier speeches, however long and however many, give way at once."""

    async def main() -> None:
        s = await Scenario.start(tts=FakeTTS(25.0))
        for _ in range(queued):
            s.session.say("a long story", allow_interruptions=interruptible)
        await asyncio.sleep(2.0)
        s.fail()
        if not interruptible or queued > 1:
            # the reply is queued behind; the error comes from its LLM all the same
            await asyncio.sleep(0)
        await s.closed()
        assert s.call.at("close:error") - s.call.at("error") < CLIP_S + TAIL_S + 0.2
        s.check()

    run_virtual(main())


@pytest.mark.parametrize(
    "hang", [asyncio.sleep, swallow], ids=["cancellable", "swallows cancellation"]
)
def test_an_earlier_speech_whose_tts_hangs(hang: Callable[[float], Any]) -> None:
    """A hanging TTS, even one that ignores being cancelled, delays the message by 2 s at most."""

    async def main() -> None:
        s = await Scenario.start(tts=FakeTTS(fault=lambda: hang(30.0)))
        s.session.say("a story that never comes", allow_interruptions=False)
        await asyncio.sleep(1.0)
        s.fail()
        await s.closed()
        assert s.call.at("frame") - s.call.at("error") < 2.0
        s.check()

    run_virtual(main())


def test_a_hundred_errors_at_once() -> None:
    """One message and one close, however many errors."""

    async def main() -> None:
        s = await Scenario.start()
        for _ in range(100):
            s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        assert s.call.events.count("frame") == 1

    run_virtual(main())


def test_the_session_can_be_started_again() -> None:
    """After the close the same session can live, and fail, once more."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await s.closed()
        s.check()
        s.call.events.clear()
        s.call.times.clear()
        s.call.closes.clear()
        s.call.closed.clear()
        s.session.output.audio = s.call.sink = RecordingSink()
        await s.session.start(Agent(instructions="test"))
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_nothing_new_starts_while_the_message_plays() -> None:
    """Replies, speech and typed text are refused with the core's own error."""

    async def main() -> None:
        model = failing_llm()
        s = await Scenario.start(llm=model, tts=FakeTTS(1.0))
        s.fail()
        await asyncio.sleep(0.5)
        attempts = model.attempts
        with pytest.raises(RuntimeError):
            s.session.generate_reply(user_input="again?")
        with pytest.raises(RuntimeError):
            s.session.say("again")
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        assert model.attempts == attempts == 1

    run_virtual(main())


def test_update_agent_during_the_message() -> None:
    """A hand-over during the message starts no new agent and cuts nothing."""
    entered: list[str] = []

    class Second(Agent):
        async def on_enter(self) -> None:
            entered.append("second")

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.3)
        s.session.update_agent(Second(instructions="second"))
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        assert entered == []

    run_virtual(main())
