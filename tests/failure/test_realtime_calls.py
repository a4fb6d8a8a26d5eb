"""Calls with a realtime model whose server says errors, fails responses or ends connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("livekit.plugins.openai", reason="the plugins are in an extra of their own")

from aiohttp import web
from livekit.agents import Agent, AgentSession, APIConnectOptions
from livekit.agents.voice.events import CloseReason
from livekit.plugins import openai

import lastword
from failure.rehearsal import IMPATIENT, REAL_BOUND_S, job_http
from lastword import FailureKind
from lastword.testing import gateway as gw
from lastword.testing.sink import RecordingSink
from session.fakes import clip_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.usefixtures("collected")

PATH = "/v1/realtime"
SOONER_S = 5.0
"""Half of what upstream waits for a connection to close before it tells of an error."""

QUOTA = {
    "type": "insufficient_quota",
    "code": "insufficient_quota",
    "message": "You exceeded your current quota.",
    "param": None,
    "event_id": None,
}
SERVER_ERROR = {
    "type": "server_error",
    "code": None,
    "message": "The server had an error while processing your request.",
    "param": None,
    "event_id": None,
}
ACTIVE_RESPONSE = {
    "type": "invalid_request_error",
    "code": "conversation_already_has_active_response",
    "message": "Conversation already has an active response in progress.",
    "param": None,
    "event_id": None,
}


class Call:
    """A call with a realtime model and its last word.

    Attributes:
        recoverable: Of each error event whether it was recoverable.
        closes: The close events.
        keeps: How many errors are set back, to keep the session.
    """

    def __init__(self, session: AgentSession[Any]) -> None:
        self.session = session
        self.recoverable: list[bool] = []
        self.keeps = 0
        self.closes: list[Any] = []
        self.changed = asyncio.Event()
        self.reports: asyncio.Queue[lastword.Report] = asyncio.Queue()
        session.on("error", self._note)
        session.on("close", self.closes.append)
        self.last_word = lastword.attach(session, clip_of(0.3), on_report=self.reports.put_nowait)

    def _note(self, event: Any) -> None:
        self.recoverable.append(event.error.recoverable)
        if len(self.recoverable) <= self.keeps:
            event.error.recoverable = True
        self.changed.set()

    async def until_errors(self, count: int) -> None:
        """Waits until so many errors have been announced."""
        while len(self.recoverable) < count:
            await asyncio.wait_for(self.changed.wait(), REAL_BOUND_S)
            self.changed.clear()

    async def ends(self) -> lastword.Report:
        """The last words are heard in full, the session closes once with its error."""
        report = await asyncio.wait_for(self.reports.get(), REAL_BOUND_S)
        assert report.played == "full"
        assert [close.reason for close in self.closes] == [CloseReason.ERROR]
        return report


@contextlib.asynccontextmanager
async def calling(*answers: gw.Answer, retries: int = 3) -> AsyncIterator[tuple[Call, gw.Gateway]]:
    """A started call whose model is served by the script."""
    async with job_http(), gw.Gateway() as gateway:
        gateway.script(PATH, *answers)
        options = APIConnectOptions(max_retry=retries, retry_interval=0.0, timeout=5.0)
        model = openai.realtime.RealtimeModel(
            base_url=gateway.url + "/v1", api_key="key", conn_options=options
        )
        call = Call(AgentSession(llm=model, **IMPATIENT))
        call.session.output.audio = RecordingSink()
        await call.session.start(Agent(instructions="Be brief."))
        try:
            yield call, gateway
        finally:
            await asyncio.wait_for(call.session.aclose(), REAL_BOUND_S)
            call.last_word.detach()


def answering(*errors: dict[str, Any]) -> gw.Answer:
    """A server that answers each wish for a response with the next error, at last with the last."""
    left = list(errors)

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            wish = json.loads(message.data)
            if wish["type"] == "response.create":
                error = left.pop(0) if len(left) > 1 else left[0]
                error = {**error, "event_id": wish.get("event_id")}
                await ws.send_json({"type": "error", "event_id": "e", "error": error})
        return ws

    return answer


def failing_responses(error: dict[str, Any]) -> gw.Answer:
    """A server that begins each response and then says that it failed."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            wish = json.loads(message.data)
            if wish["type"] != "response.create":
                continue
            response = {
                "id": "r",
                "object": "realtime.response",
                "output": [],
                "metadata": (wish.get("response") or {}).get("metadata"),
            }
            details = {"type": "failed", "error": error}
            over = {**response, "status": "failed", "status_details": details}
            begun = {**response, "status": "in_progress"}
            await ws.send_json({"type": "response.created", "event_id": "e1", "response": begun})
            await ws.send_json({"type": "response.done", "event_id": "e2", "response": over})
        return ws

    return answer


async def ask(call: Call, times: int) -> None:
    """Asks for a reply, and again once its error has been announced."""
    for _ in range(times):
        seen = len(call.recoverable)
        call.session.generate_reply(instructions="Greet.")
        await call.until_errors(seen + 1)


async def test_an_error_that_the_server_says_is_judged_when_it_arrives() -> None:
    """Not when the connection is closed, which its server never does; it is announced once."""
    mute = gw.websocket(
        gw.receives(),
        gw.sends({"type": "error", "event_id": "e", "error": QUOTA}),
        gw.waits(2 * REAL_BOUND_S),
    )
    async with calling(mute) as (call, gateway):
        await asyncio.wait_for(call.until_errors(1), SOONER_S)
        report = await call.ends()
        assert report.failure.kind is FailureKind.QUOTA_EXHAUSTED
        assert call.recoverable == [False]
        assert gateway.asked(PATH) == 1


async def test_a_response_that_fails_for_good_is_judged_when_it_arrives() -> None:
    """The same where the response says it."""
    async with calling(failing_responses(QUOTA)) as (call, _):
        call.session.generate_reply(instructions="Greet.")
        report = await call.ends()
        assert report.failure.kind is FailureKind.QUOTA_EXHAUSTED
        assert call.recoverable == [False]


@pytest.mark.parametrize("code", [1008, 1011, 1000])
async def test_connections_that_are_ended_at_once_again_and_again(code: int) -> None:
    """The third is the last: upstream counts anew with each connection."""
    async with calling(gw.websocket(gw.closes(code, "no"))) as (call, gateway):
        await call.ends()
        assert call.recoverable == [True, True, False]
        assert gateway.asked(PATH) == 3


@pytest.mark.parametrize("serve", [answering, failing_responses])
async def test_responses_that_fail_again_and_again(serve: Any) -> None:
    """Each is announced as recoverable; the third with nothing heard between ends the call."""
    async with calling(serve(SERVER_ERROR)) as (call, _):
        await ask(call, 3)
        await call.ends()
        assert call.recoverable == [True, True, False]


async def test_what_is_heard_between_starts_the_count_anew() -> None:
    async with calling(answering(SERVER_ERROR)) as (call, _):
        await ask(call, 2)
        handle = call.session.say("one moment", audio=frames())
        await asyncio.wait_for(handle.wait_for_playout(), REAL_BOUND_S)
        await ask(call, 2)
        assert call.recoverable == [True] * 4
        assert call.closes == []
        await ask(call, 1)
        await call.ends()


async def frames() -> AsyncIterator[Any]:
    """A short sound."""
    for frame in clip_of(0.2).frames():
        yield frame


async def test_harmless_errors_end_nothing() -> None:
    """A client that asks while the model answers is told so each time."""
    async with calling(answering(ACTIVE_RESPONSE)) as (call, _):
        await ask(call, 5)
        assert call.recoverable == [True] * 5
        assert call.closes == []


async def test_the_attempts_of_the_plugin_are_left_to_it() -> None:
    """A handshake that fails for now is asked as often as upstream asks."""
    async with calling(gw.overloaded(), retries=5) as (call, gateway):
        await call.ends()
        assert call.recoverable == [True] * 5 + [False]
        assert gateway.asked(PATH) == 6


async def test_a_handler_that_keeps_the_session_hears_of_its_end() -> None:
    """What it set back at first is announced once more when the plugin gives up, or goes on."""
    async with calling(answering(QUOTA)) as (call, _):
        call.keeps = 1
        call.session.generate_reply(instructions="Greet.")
        await call.until_errors(2)
        assert call.recoverable == [False, False]
        await call.ends()
