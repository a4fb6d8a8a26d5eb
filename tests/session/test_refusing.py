"""From the decision on nothing new starts, whoever asks for it (virtual time)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent, APIStatusError

from lastword.testing.sink import RecordingSink
from session.fakes import FakeTTS
from session.scenario import CLIP_S, TAIL_S, Scenario, failing_llm
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

entered: list[str] = []


class Second(Agent):
    """An agent that must not be reached any more."""

    async def on_enter(self) -> None:
        entered.append("second")
        self.session.generate_reply(user_input="hi")


def turn_ends(session: Any) -> None:
    """The caller's turn is committed by hand."""
    session.commit_user_turn()


def internal_reply(session: Any) -> None:
    """What tool continuations and preemptive generation end in."""
    session._activity._generate_reply(user_message=None)


def second_model_call(session: Any) -> None:
    """A stream opened on the session's LLM by user code."""

    async def ask() -> None:
        from livekit.agents.llm import ChatContext  # noqa: PLC0415 - used here alone

        with contextlib.suppress(APIStatusError):
            async for _ in session.llm.chat(chat_ctx=ChatContext.empty()):
                pass

    session.asked = asyncio.ensure_future(ask())


ACTIONS: dict[str, Callable[[Any], Any]] = {
    "generate_reply": lambda s: s.generate_reply(user_input="again?"),
    "say": lambda s: s.say("again"),
    "run": lambda s: s.run(user_input="again?"),
    "update_agent": lambda s: s.update_agent(Second(instructions="second")),
    "the caller's turn": turn_ends,
    "an internal reply": internal_reply,
    "user code asks the model": second_model_call,
}


@pytest.mark.parametrize("direct", [False, True], ids=["by say", "direct"])
@pytest.mark.parametrize("name", ACTIONS)
def test_nothing_new_starts(name: str, direct: bool) -> None:
    """It is refused with the core's own error or comes to nothing; the message is not disturbed."""

    async def main() -> None:
        entered.clear()
        model, voice = failing_llm(), FakeTTS(1.0)
        s = await Scenario.start(llm=model, tts=voice)
        if direct:
            # a message that say() cannot begin: the speech is refused, as by a paused scheduler
            s.session.say = refuse
        s.fail()
        await asyncio.sleep(0.5)
        assert s.last_word.closing
        with contextlib.suppress(RuntimeError):
            ACTIONS[name](s.session)
        report = await s.closed()
        assert report.path == ("direct" if direct else "say")
        s.check(close_s=CLIP_S + TAIL_S)
        assert (model.attempts, voice.attempts) == (1, 0)
        assert entered == []

    run_virtual(main())


def refuse(*_: Any, **__: Any) -> None:
    """A session that refuses to speak."""
    raise RuntimeError("cannot schedule new speech")


@pytest.mark.parametrize("name", ["generate_reply", "say"])
def test_a_refused_call_raises_the_cores_own_error(name: str) -> None:
    """Users see the error that livekit-agents raises for a session that closes."""

    async def main() -> None:
        s = await Scenario.start(tts=FakeTTS(1.0), sink=RecordingSink())
        s.fail()
        await asyncio.sleep(0.5)
        with pytest.raises(RuntimeError, match=r"clos|schedul|pause|drain"):
            ACTIONS[name](s.session)
        await s.closed()

    run_virtual(main())
