"""A session that fails while it starts: a realtime model whose handshake is refused, for real."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession
from livekit.agents.voice.events import CloseReason

import lastword
from lastword.testing import gateway as gw
from lastword.testing.sink import RecordingSink
from session.fakes import clip_of

openai = pytest.importorskip("livekit.plugins.openai")


async def test_a_refused_realtime_handshake_is_heard_and_closes() -> None:
    """Upstream emits no close event here; with the last word there is one, with the error."""
    async with gw.Gateway() as gateway:
        gateway.script("/v1/realtime", gw.unauthorized())
        model = openai.realtime.RealtimeModel(
            base_url=f"{gateway.url}/v1",
            api_key="none",
        )
        session: AgentSession[Any] = AgentSession(llm=model)
        session.output.audio = sink = RecordingSink()
        last_word = lastword.attach(session, clip_of(0.5))
        closes: list[Any] = []
        closed = asyncio.Event()
        session.on("close", lambda event: (closes.append(event), closed.set()))
        starting = asyncio.ensure_future(session.start(Agent(instructions="test")))
        await asyncio.wait_for(closed.wait(), 15)
        (close,) = closes
        assert close.reason == CloseReason.ERROR
        assert close.error is not None
        report = await asyncio.wait_for(last_word.settled(), 15)
        assert report is not None
        assert report.close_s < 6.0
        assert sink.heard_s == pytest.approx(0.5, abs=0.06)
        starting.cancel()
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await asyncio.wait_for(starting, 5)
