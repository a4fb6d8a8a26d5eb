"""Wherever a session's component comes from, its terminal error is seen, asked once and typed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent, AgentSession, AgentTask, ModelSettings, llm, stt

from failure.rehearsal import BOUND_S, Brain, Ear, Mouth, Sentences, refused, watched
from lastword import FailureKind, classify
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.usefixtures("collected")

COMPONENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "llm": lambda: {"llm": Brain(refused)},
    "tts chunked": lambda: {"tts": Mouth(refused)},
    "tts streaming": lambda: {"tts": Mouth(refused, streaming=True)},
    "stt streaming": lambda: {"stt": Ear(refused)},
    "stt recognize": lambda: {"stt": Ear(refused, streaming=False)},
}
HEALTHY: dict[str, Callable[[], Any]] = {
    "llm": lambda: Brain(None),
    "tts": lambda: Mouth(None),
    "stt": lambda: Ear(None),
}


class Broken(Agent):
    """An agent with components of its own."""

    def __init__(self, **components: Any) -> None:
        super().__init__(instructions="Be brief.", **components)
        self.entered = asyncio.Event()

    async def on_enter(self) -> None:
        self.entered.set()


class Nested(AgentTask[None]):
    """An inline task with components of its own; it stays until its session closes."""

    def __init__(self, **components: Any) -> None:
        super().__init__(instructions="Be brief.", **components)
        self.entered = asyncio.Event()

    async def on_enter(self) -> None:
        self.entered.set()


class Nesting(Agent):
    """An agent that starts with an inline task."""

    def __init__(self, **components: Any) -> None:
        super().__init__(instructions="Be brief.")
        self.task = Nested(**components)

    async def on_enter(self) -> None:
        await self.task


class Swapping(Agent):
    """An agent that swaps a component: livekit-agents 2.0 listens only inside its own hooks."""

    def __init__(self, **components: Any) -> None:
        super().__init__(instructions="Be brief.")
        self.components = components
        self.entered = asyncio.Event()

    async def on_enter(self) -> None:
        self.update_options(**self.components)
        self.entered.set()


class Overridden(Agent):
    """An agent whose nodes use components that livekit-agents knows nothing of."""

    def __init__(self, **components: Any) -> None:
        super().__init__(instructions="Be brief.")
        self.hidden = components

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncIterator[Any]:
        brain = self.hidden.get("llm") or self.session.llm
        async with brain.chat(chat_ctx=chat_ctx) as stream:
            async for chunk in stream:
                yield chunk

    async def tts_node(
        self, text: AsyncIterator[str], model_settings: ModelSettings
    ) -> AsyncIterator[Any]:
        mouth = self.hidden.get("tts") or self.session.tts
        said = "".join([part async for part in text])
        async with mouth.synthesize(said) as stream:
            async for audio in stream:
                yield audio.frame

    async def stt_node(
        self, audio: AsyncIterator[Any], model_settings: ModelSettings
    ) -> AsyncIterator[stt.SpeechEvent]:
        ear = self.hidden.get("stt") or self.session.stt
        async with ear.stream() as stream:
            async for _ in audio:
                break
            async for event in stream:
                yield event


async def provoke(place: str, broken: dict[str, Any]) -> tuple[list[Any], Any, int]:
    """Lets a session fail by the component at a place; its events, the error, the attempts."""
    ((kind, component),) = broken.items()
    healthy = {name: make() for name, make in HEALTHY.items() if name != kind}
    at_session = (
        {**healthy, kind: component} if place == "session" else {**healthy, kind: HEALTHY[kind]()}
    )
    agent = {
        "agent": lambda: Broken(**broken),
        "inline task": lambda: Nesting(**broken),
        "update_options": lambda: Swapping(**broken),
        "overridden node": lambda: Overridden(**broken),
    }.get(place, lambda: Agent(instructions="Be brief."))()
    session = AgentSession(vad=Sentences(), turn_detection="manual", **at_session)
    async with watched(session, agent, hears=kind == "stt") as call:
        if place == "hand-over":
            successor = Broken(**broken)
            session.update_agent(successor)
            await asyncio.wait_for(successor.entered.wait(), BOUND_S)
        if isinstance(agent, Nesting):
            await asyncio.wait_for(agent.task.entered.wait(), BOUND_S)
        if isinstance(agent, Swapping):
            await asyncio.wait_for(agent.entered.wait(), BOUND_S)
        if kind == "llm":
            session.generate_reply(user_input="Hello?")
        if kind == "tts":
            session.say("One moment please.")
        error = await call.unrecoverable()
        return list(call.events), error, component.script.attempts


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize(
    "place",
    ["session", "agent", "hand-over", "inline task", "update_options", "overridden node"],
)
def test_a_terminal_error_is_asked_once(place: str, component: str) -> None:
    """One attempt, one event, judged, whatever the component and wherever it was given."""
    if place == "update_options" and not hasattr(Agent, "update_options"):
        pytest.skip("this livekit-agents cannot swap a component of a running agent")
    if place == "overridden node" and component in ("tts streaming", "stt recognize"):
        pytest.skip("the node of this test uses the other way")
    events, error, attempts = run_virtual(provoke(place, COMPONENTS[component]()))
    assert attempts == 1
    assert len(events) == 1
    assert (error.terminal, error.retryable) == (True, False)
    failure = classify(events[0])
    assert (failure.kind, failure.terminal) == (FailureKind.QUOTA_EXHAUSTED, True)
    assert failure.component == component.split(maxsplit=1)[0]
