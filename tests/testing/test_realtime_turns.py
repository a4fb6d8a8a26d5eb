"""Real realtime plugins understand what a scripted model answers when it is well."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent, AgentSession, function_tool

import lastword
from failure.marked import mark_requests
from failure.providers import PLUGINS, plugin_of
from failure.rehearsal import job_http
from lastword.testing import Gateway, calls_tool, rehearse, says, says_nothing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lastword.testing import Rehearsal

plugin_of("google")  # without it there is none: the tests are skipped
MODELS = ["openai realtime", "google realtime"]


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    """A provider that runs."""
    mark_requests(monkeypatch)  # else Google's SDK insists on TLS
    async with job_http(), Gateway() as running:
        yield running


def made(gateway: Gateway, name: str) -> AgentSession[Any]:
    """A session whose realtime model asks the provider."""
    session: AgentSession[Any] = AgentSession(llm=PLUGINS[name].make(gateway))
    lastword.attach(session)
    return session


def errors(call: Rehearsal) -> list[str]:
    """What was announced."""
    return [event.detail for event in call.events if event.name == "error"]


@pytest.mark.parametrize("name", MODELS)
async def test_a_model_speaks(gateway: Gateway, name: str) -> None:
    """In each turn, its words with as much of a tone."""
    gateway.script(PLUGINS[name].path, says("Good morning to you."))
    async with rehearse(lambda: made(gateway, name)) as call:
        for turn in (1, 2):
            await call.says("hello?")
            await call.state("speaking")
            await call.state("listening")
            assert call.heard.transcript == " ".join(["Good morning to you."] * turn)
            assert call.heard.sound_s == pytest.approx(4 * 0.35 * turn, abs=0.1)
        assert errors(call) == []


@pytest.mark.parametrize("name", MODELS)
async def test_a_model_calls_a_tool(gateway: Gateway, name: str) -> None:
    """Once, with its arguments; then it says what came of it."""
    asked: list[str] = []

    @function_tool
    async def look_up(city: str) -> str:
        """Look something up."""
        asked.append(city)
        return "It rains."

    gateway.script(PLUGINS[name].path, calls_tool("look_up", {"city": "Rome"}))
    agent = Agent(instructions="Be brief.", tools=[look_up])
    async with rehearse(lambda: made(gateway, name), agent=agent) as call:
        await call.says("hello?")
        await call.state("speaking")
        await call.state("listening")
        assert asked == ["Rome"]
        assert "It rains." in call.heard.transcript
        assert errors(call) == []


@pytest.mark.parametrize("name", MODELS)
async def test_a_model_says_nothing(gateway: Gateway, name: str) -> None:
    """Its turn ends without a sound and without an error."""
    gateway.script(PLUGINS[name].path, says_nothing())
    async with rehearse(lambda: made(gateway, name)) as call:
        await asyncio.wait_for(call.session.generate_reply(user_input="hello?"), 20)
        assert call.heard.sound_s == 0
        assert errors(call) == []
