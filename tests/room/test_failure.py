"""A failure for good in a real room, measured at the caller's ear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.agents import CloseReason
from livekit.agents.llm import LLMError

import lastword
from room.outage import CHAT, CLIP_S, WORDS, outage

if TYPE_CHECKING:
    from lastword.testing.room.server import Server


async def test_a_failure_is_heard_and_closes(server: Server, room_name: str) -> None:
    """A 429 without credits: the caller hears the whole message once, then the call closes."""
    async with outage(server, room_name) as call:
        await call.fail()
        await call.until_over()
        heard = call.heard()
        assert heard.times == 1
        assert heard.seconds >= CLIP_S - 0.1
        assert call.gateway.asked(CHAT) == 1
        assert len(call.run.closes) == 1
        event = call.run.closes[0][1]
        assert event.reason == CloseReason.ERROR
        assert isinstance(event.error, LLMError)
        assert isinstance(event.error.error, lastword.InferenceQuotaExceededError)
        assert call.report.played == "full"
        assert call.report.subscribed
        assert call.close_s < CLIP_S + 1.5


async def test_the_transcript_is_shown_once(server: Server, room_name: str) -> None:
    """The caller's client sees exactly what is said, and the agent speaks as for any speech."""
    async with outage(server, room_name) as call:
        assert call.caller is not None
        await call.fail()
        await call.until_over()
        await call.caller.until(lambda: bool(call.caller and call.caller.shown), 5)
        assert [shown.text for shown in call.caller.shown] == [WORDS]
        states = [state for _, state in call.caller.states]
        assert "speaking" in states
        assert states.count("speaking") == 1


async def test_without_the_last_word_nothing_is_heard(server: Server, room_name: str) -> None:
    """The same call as upstream handles it: silence, and the session stays open."""
    async with outage(server, room_name, with_last_word=False) as call:
        assert call.caller is not None
        await call.fail()
        await call.caller.until(lambda: bool(call.run.errors), 15)
        await call.caller.until_quiet()
        assert call.heard().times == 0
        assert not call.run.closes
