"""Turns that have not failed: nothing is announced, counted or put in their way (virtual time)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent, StopResponse

from lastword.testing.sink import RecordingSink
from session.broken import REPLY_S, Broken, start, turn
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.usefixtures("collected")


def test_a_transcription_that_fails_beside_the_sound() -> None:
    """All was heard: announced as recoverable, and it ends nothing."""

    class Late(Agent):
        async def transcription_node(self, text: Any, settings: Any) -> AsyncIterator[Any]:
            async for part in text:
                yield part
            raise KeyError("late")

    async def main() -> None:
        s = await start(Late(instructions="test"))
        for _ in range(4):
            await turn(s)
        assert [error.recoverable for error in s.errors] == [True] * 4
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())


@pytest.mark.parametrize(
    ("agent", "answer"),
    [
        (Agent(instructions="test"), ""),
        (Agent(instructions="test"), "..."),
        (Broken("llm_node", error=StopResponse), "Hello."),
        (Broken("nowhere"), "Hello."),
    ],
    ids=["an empty reply", "no words", "StopResponse", "good nodes"],
)
def test_what_is_no_failed_turn(agent: Agent, answer: str) -> None:
    async def main() -> None:
        if isinstance(agent, Broken) and agent.error is StopResponse:
            agent.error = lambda _: StopResponse()  # type: ignore[assignment]
        s = await start(agent, answer, attach={"silence": None})
        for _ in range(4):
            await turn(s)
        assert s.errors == []
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())


def test_an_interrupted_turn_is_none() -> None:
    class Slow(Agent):
        async def llm_node(self, *_: Any) -> AsyncIterator[Any]:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise KeyError("cleaning up") from None
            yield "never"

    async def main() -> None:
        s = await start(Slow(instructions="test"))
        for _ in range(4):
            s.session.generate_reply(user_input="hello?")
            await asyncio.sleep(1)
            await asyncio.wait_for(s.session.interrupt(force=True), 10)
            await asyncio.sleep(1)
        assert s.errors == []
        await s.session.aclose()

    run_virtual(main())


def test_an_output_that_never_says_that_it_began() -> None:
    """What it says that it has played was heard."""

    class Avatar(RecordingSink):
        def on_playback_started(self, *, created_at: float) -> None:
            pass

    async def main() -> None:
        s = await start(Agent(instructions="test"), sink=Avatar())
        for _ in range(4):
            await turn(s)
        assert s.errors == []
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())


def test_detach_gives_the_agent_its_nodes_back() -> None:
    async def main() -> None:
        agent = Broken("nowhere")
        s = await start(agent)
        assert "llm_node" in vars(agent)
        s.last_word.detach()
        assert not {"llm_node", "tts_node", "on_enter"} & vars(agent).keys()
        assert "_update_activity" not in vars(s.session)
        await s.session.aclose()

    run_virtual(main())


def test_livekits_own_nodes_are_left_alone() -> None:
    """Nothing stands between a plain agent and its tokens."""

    async def main() -> None:
        agent = Agent(instructions="test")
        s = await start(agent)
        await turn(s)
        assert not {"llm_node", "tts_node", "transcription_node"} & vars(agent).keys()
        assert s.call.sink is not None
        assert s.call.sink.heard_s >= REPLY_S
        await s.session.aclose()

    run_virtual(main())
