"""A user's own realtime model is broken in its session, without a gateway and without a network."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent, AgentSession, llm

import lastword
from failure.marked import mark_requests
from failure.providers import KEY, PLUGINS, plugin_of
from failure.rehearsal import job_http
from lastword._upstream.components import derived_from
from lastword.testing import (
    Gateway,
    RecordingSink,
    break_component,
    failures,
    hangs,
    says,
)
from session.fakes import clip_of

if TYPE_CHECKING:
    from collections.abc import Callable

plugin_of("google")  # without it there is none: the tests are skipped
MODELS = {
    "openai": lambda: plugin_of("openai").realtime.RealtimeModel(api_key=KEY),
    "google": lambda: plugin_of("google").realtime.RealtimeModel(api_key=KEY),
}


def made(make: Callable[[], Any]) -> AgentSession[Any]:
    """A session of a user's own model."""
    session: AgentSession[Any] = AgentSession(llm=make())
    lastword.attach(session, clip_of())
    return session


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The names that were looked up; none is known."""
    names: list[object] = []

    def refuse(host: object, *_: object, **__: object) -> list[Any]:
        names.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "no name is known here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return names


@pytest.mark.parametrize("name", MODELS)
async def test_a_model_is_broken_before_it_connects(name: str, looked_up: list[object]) -> None:
    """The fault is what handlers see; nobody is asked."""
    async with job_http():
        session = made(MODELS[name])
        failed: list[lastword.Failure] = []
        session.on("error", lambda event: failed.append(lastword.classify(event)))
        closed = asyncio.Event()
        session.on("close", lambda _: closed.set())
        with break_component(session, "realtime", with_=failures("openai")["realtime-quota"]):
            await session.start(Agent(instructions="Be brief."))
            await asyncio.wait_for(closed.wait(), 20)
    assert [failure.kind for failure in failed] == [lastword.FailureKind.QUOTA_EXHAUSTED]
    assert looked_up == []


@pytest.mark.parametrize("name", MODELS)
async def test_a_model_that_hangs_is_closed(name: str, looked_up: list[object]) -> None:
    """A session that waits for its connection ends with the call."""
    async with job_http():
        session = made(MODELS[name])
        with break_component(session, "realtime", with_=hangs()):
            await session.start(Agent(instructions="Be brief."))
            await asyncio.wait_for(session.aclose(), 20)
    assert looked_up == []


@pytest.mark.parametrize("name", ["openai realtime", "google realtime"])
async def test_a_model_that_is_mended_connects(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And works; not before."""
    mark_requests(monkeypatch)  # else Google's SDK insists on TLS
    plugin = PLUGINS[name]
    before = loops()
    async with job_http(), Gateway() as gateway:
        gateway.script(plugin.path, says("Good morning."))
        session = made(lambda: plugin.make(gateway))
        session.output.audio = sink = RecordingSink()
        with break_component(session, "realtime", with_=hangs()):
            await session.start(Agent(instructions="Be brief."))
            assert loops() == before
            assert gateway.requests == []
        await asyncio.wait_for(session.generate_reply(user_input="hello?"), 20)
        assert sink.heard_s == pytest.approx(0.7, abs=0.1)
        await session.aclose()


def loops() -> dict[Any, object]:
    """What connects the sessions of each kind."""
    kinds = derived_from(llm.RealtimeSession)
    return {cls: vars(cls)["_main_task"] for cls in kinds if "_main_task" in vars(cls)}
