"""An agent that raises in its own code, and calls with it turn by turn (virtual time)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from livekit.agents import Agent

from session.fakes import FakeLLM, FakeTTS
from session.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REPLY_S = 0.5


class Broken(Agent):
    """Raises in one of its own nodes, as often as it is told to."""

    def __init__(self, where: str, times: int = 99, error: type[Exception] = KeyError) -> None:
        super().__init__(instructions="test")
        self.where = where
        self.times = times
        self.error = error

    def fail(self, where: str) -> None:
        if where == self.where and self.times > 0:
            self.times -= 1
            raise self.error("order_id")

    async def llm_node(self, *args: Any) -> AsyncIterator[Any]:
        self.fail("llm_node")
        async for chunk in Agent.default.llm_node(self, *args):
            yield chunk
        self.fail("llm_node, late")

    async def tts_node(self, text: Any, settings: Any) -> AsyncIterator[Any]:
        self.fail("tts_node")
        async for frame in Agent.default.tts_node(self, text, settings):
            yield frame

    def transcription_node(self, text: Any, settings: Any) -> Any:
        self.fail("transcription_node")
        return Agent.default.transcription_node(self, text, settings)

    async def on_enter(self) -> None:
        self.fail("on_enter")

    async def on_user_turn_completed(self, *_: Any, **__: Any) -> None:
        self.fail("on_user_turn_completed")


async def start(agent: Agent, answer: str = "Hello.", **options: Any) -> Scenario:
    """A call whose components are all well."""
    s = await Scenario.start(
        llm=FakeLLM(lambda: answer), tts=FakeTTS(REPLY_S), agent=agent, **options
    )
    s.session.on("error", lambda event: errors.append(event.error))
    errors: list[Any] = []
    s.errors = errors  # type: ignore[attr-defined]
    return s


async def turn(s: Scenario) -> None:
    """One turn, to its end."""
    if s.call.closed.is_set() or s.last_word.closing:
        return
    s.session.generate_reply(user_input="hello?")
    await asyncio.sleep(5)
