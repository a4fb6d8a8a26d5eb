"""While a session closes its LLM and TTS get no new work, and no attempt more; hearing goes on."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest
from livekit.agents import AgentSession, APIConnectOptions
from livekit.agents.voice.agent_session import SessionConnectOptions

import lastword
from failure.rehearsal import (
    BOUND_S,
    REAL_BOUND_S,
    Brain,
    Ear,
    Mouth,
    Watched,
    gateway_llm,
    refused,
    watched,
)
from lastword._upstream import components
from lastword.testing import gateway as g
from session.fakes import clip_of, overloaded
from session.virtual_time import run_virtual

pytestmark = pytest.mark.usefixtures("collected")

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("component", ["llm", "tts"])
def test_new_work_is_refused_without_a_word(component: str) -> None:
    """While the owner refuses: no attempt, no error event, the speech ends."""

    async def main() -> None:
        brain, mouth = Brain(None), Mouth(None)
        async with watched(AgentSession(llm=brain, tts=mouth)) as call:
            call.owner.closing = True
            if component == "llm":
                handle = call.session.generate_reply(user_input="Hello?")
            else:
                handle = call.session.say("One moment.")
            await asyncio.wait_for(handle.wait_for_playout(), BOUND_S)
            assert (brain.script.attempts, mouth.script.attempts) == (0, 0)
            assert call.events == []

    run_virtual(main())


def test_hearing_goes_on_while_new_work_is_refused() -> None:
    """A caller who speaks into the message is still heard, and the STT is not disturbed."""

    async def main() -> None:
        ear = Ear(None)
        heard = asyncio.Event()
        session = AgentSession(stt=ear, turn_detection="manual")
        session.on("user_input_transcribed", lambda _: heard.set())
        async with watched(session, hears=True) as call:
            call.owner.closing = True
            await asyncio.wait_for(heard.wait(), BOUND_S)

    run_virtual(main())


def test_a_retry_is_refused_too() -> None:
    """The owner begins to refuse between two attempts: the second one never comes."""

    async def main() -> None:
        brain = Brain(overloaded)
        session: AgentSession[Any] = AgentSession(llm=brain)
        async with watched(session) as call:
            session.on("error", lambda _: _refuse(call))
            handle = session.generate_reply(user_input="Hello?")
            await asyncio.wait_for(handle.wait_for_playout(), BOUND_S)
            assert brain.script.attempts == 1

    run_virtual(main())


@pytest.mark.parametrize("component", ["llm", "tts chunked", "tts streaming"])
def test_a_retry_that_slept_is_refused_too(component: str) -> None:
    """The owner begins to refuse while a retry loop sleeps: it wakes up and asks nobody."""

    async def main() -> None:
        brain = Brain(overloaded if component == "llm" else None)
        streaming = component == "tts streaming"
        mouth = Mouth(None if component == "llm" else overloaded, streaming=streaming)
        session: AgentSession[Any] = AgentSession(llm=brain, tts=mouth)
        async with watched(session) as call:
            loop = asyncio.get_running_loop()
            session.on("error", lambda _: loop.call_soon(_refuse, call))
            handle = session.generate_reply(user_input="Hello?")
            await asyncio.wait_for(handle.wait_for_playout(), BOUND_S)
            assert (brain.script.attempts, mouth.script.attempts) == (1, component != "llm")
            assert call.recoverable == [True]

    run_virtual(main())


def _refuse(call: Watched) -> None:
    call.owner.closing = True


async def test_the_provider_is_not_asked_by_a_retry_that_slept() -> None:
    """Counted by a server, through the real client: one request, and a turn that ends in peace."""
    quick = APIConnectOptions(max_retry=3, retry_interval=0.05)
    async with g.Gateway() as gateway:
        gateway.script(CHAT, g.overloaded(), g.says("Too late."))
        brain = gateway_llm(gateway)
        options = SessionConnectOptions(llm_conn_options=quick)
        session: AgentSession[Any] = AgentSession(llm=brain, conn_options=options)
        async with watched(session) as call:
            loop = asyncio.get_running_loop()
            session.on("error", lambda _: loop.call_soon(_refuse, call))
            handle = session.generate_reply(user_input="Hello?")
            await asyncio.wait_for(handle.wait_for_playout(), REAL_BOUND_S)
        assert gateway.asked(CHAT) == 1
        assert call.recoverable == [True]


async def test_a_session_that_closes_for_another_asks_its_sleeping_llm_no_more() -> None:
    """The whole way: the LLM's retry sleeps when the STT fails for good and the session closes."""
    reports: asyncio.Queue[lastword.Report] = asyncio.Queue()
    quick = APIConnectOptions(max_retry=3, retry_interval=0.05)
    ear = Ear(None)
    async with g.Gateway() as gateway:
        gateway.script(CHAT, g.overloaded(), g.says("Too late."))
        session: AgentSession[Any] = AgentSession(
            llm=gateway_llm(gateway),
            stt=ear,
            turn_detection="manual",
            conn_options=SessionConnectOptions(llm_conn_options=quick),
        )
        lastword.attach(session, clip_of(0.4), on_report=reports.put_nowait)
        async with watched(session, hears=True) as call:
            fatal = components.error_event(ear, refused(), recoverable=False)
            fail = functools.partial(asyncio.get_running_loop().call_soon, ear.emit, "error", fatal)
            session.on("error", lambda event: event.error.recoverable and fail())
            session.generate_reply(user_input="Hello?")
            report = await asyncio.wait_for(reports.get(), REAL_BOUND_S)
        assert (report.played, report.failure.component) == ("full", "stt")
        assert call.recoverable == [True, False]
        assert gateway.asked(CHAT) == 1
