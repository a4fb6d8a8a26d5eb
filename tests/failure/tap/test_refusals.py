"""The trace on aiohttp: whose answers it keeps, how much of them, and for which error."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from livekit.agents import NOT_GIVEN, AgentSession, APIConnectOptions, APIStatusError, stt
from livekit.agents.voice.agent_session import SessionConnectOptions

from failure.rehearsal import IMPATIENT, Brain, Ear, Sentences, watched
from lastword import InferenceQuotaExceededError, classify
from lastword.failure.evidence.collect import collect_evidence
from lastword.failure.tap import refusals
from lastword.failure.verdict import verdict_of
from lastword.testing import gateway as gw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.usefixtures("collected")

BOUND_S = 60.0
QUICK = SessionConnectOptions(
    stt_conn_options=APIConnectOptions(max_retry=1, retry_interval=0.0, timeout=5.0)
)


class Asking(Ear):
    """An STT that asks a URL by one of aiohttp's ways and lets what it raises pass."""

    def __init__(self, http: aiohttp.ClientSession, url: str, way: str) -> None:
        super().__init__(None, streaming=False)
        self.http, self.url, self.way = http, url, way

    async def _recognize_impl(
        self, buffer: Any, *, language: Any = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> stt.SpeechEvent:
        if self.way == "handshake":
            await asyncio.wait_for(self.http.ws_connect(self.url), BOUND_S)
        async with self.http.post(self.url) as response:
            if self.way == "raise_for_status":
                response.raise_for_status()
            if self.way == "own error":
                raise APIStatusError("it failed", status_code=response.status, body=None)
            if self.way == "own text":
                raise APIStatusError(await response.text(), status_code=response.status)
            document = await response.json()
            return document["metadata"]


@contextlib.asynccontextmanager
async def asking(
    gateway: gw.Gateway, way: str, http: aiohttp.ClientSession
) -> AsyncIterator[tuple[Any, Any]]:
    """A session whose STT asks the gateway's "/ask"; the watched call and the STT."""
    ear = Asking(http, gateway.url + "/ask", way)
    session = AgentSession(
        stt=ear, vad=Sentences(), turn_detection="manual", conn_options=QUICK, **IMPATIENT
    )
    async with watched(session, hears=True) as call:
        yield call, ear


@pytest.mark.parametrize(
    "way", ["handshake", "raise_for_status", "own error", "own text", "unexpected answer"]
)
async def test_a_lost_body_reaches_the_error(way: str) -> None:
    """However the plugin meets the refusal, and with a session made before the tap."""
    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script("/ask", gw.quota_exceeded("stt"))
        async with asking(gateway, way, http) as (call, _):
            error = await call.unrecoverable()
        assert isinstance(error, InferenceQuotaExceededError), repr(error)
        assert (error.quota_type, error.category) == ("stt", "MaxGatewayCredits")
        assert gateway.asked("/ask") == 1


async def test_each_of_two_failing_sessions_gets_its_own_answer() -> None:
    """Both share one HTTP session and fail at the same time."""
    answers = {"a": "MaxGatewayCredits", "b": "MaxBargeInRequests"}
    arrived = asyncio.Barrier(2) if hasattr(asyncio, "Barrier") else None

    async def answer(request: web.Request) -> web.StreamResponse:
        if arrived is not None:
            await asyncio.wait_for(arrived.wait(), BOUND_S)
        return await gw.quota_exceeded("stt", answers[request.path[-1]])(request)

    async def one(gateway: gw.Gateway, http: aiohttp.ClientSession, name: str) -> Any:
        async with asking(gateway, "handshake", http) as (call, ear):
            ear.url = f"{gateway.url}/{name}"
            return await call.unrecoverable()

    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script("/a", answer)
        gateway.script("/b", answer)
        errors = await asyncio.gather(*(one(gateway, http, name) for name in answers))
    assert [error.category for error in errors] == list(answers.values())


async def test_an_enormous_body_is_not_waited_for() -> None:
    """More than the limit is announced: status and headers are kept, nothing is read."""
    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script("/ask", gw.status(402, b"x" * (refusals.MAX_BODY + 1)))
        async with asking(gateway, "own error", http) as (call, _):
            error = await call.unrecoverable()
        evidence = collect_evidence(error)
        assert (evidence.status, error.terminal) == (402, True)
        assert "xxx" not in evidence.text


async def test_a_body_that_never_ends_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The head came, the body does not: the error is there after the time limit."""
    monkeypatch.setattr(refusals, "READ_TIMEOUT_S", 0.05)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=402)
        await response.prepare(request)
        await response.write(b"{")
        await asyncio.sleep(BOUND_S)
        return response

    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script("/ask", answer)
        async with asking(gateway, "own error", http) as (call, _):
            error = await asyncio.wait_for(call.unrecoverable(), BOUND_S / 2)
        assert (error.status_code, error.terminal) == (402, True)


async def test_requests_outside_of_any_call_are_left_alone() -> None:
    """The user's own requests are not read; of a refused handshake the last few are kept."""
    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script("/ask", gw.status(404, "mine"))
        async with watched(AgentSession(llm=Brain(None), **IMPATIENT)):
            async with http.get(gateway.url + "/ask") as response:
                assert response._body is None
                assert await response.text() == "mine"
            assert not refusals._handshakes
            for _ in range(20):
                with contextlib.suppress(aiohttp.WSServerHandshakeError):
                    await http.ws_connect(gateway.url + "/ask")
            assert len(refusals._handshakes) == refusals._handshakes.maxlen
        assert not refusals._handshakes


async def test_a_refusal_that_was_got_over_explains_no_later_error() -> None:
    """402 in one attempt, an overload without a body in the next: the second is not the first."""
    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script("/ask", gw.status(429, {"category": "x"}), gw.status(503))
        async with asking(gateway, "own error", http) as (call, _):
            seen: list[Any] = []
            call.session.on("error", lambda event: seen.append(classify(event)))
            await call.unrecoverable()
        assert [failure.status_code for failure in seen][:2] == [429, 503]


MARKER = "sk-marker-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "way", ["handshake", "raise_for_status", "own error", "own text", "unexpected answer"]
)
async def test_no_secret_of_a_refused_request_is_told(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A key in the URL, in a header sent, in one that came back and in the body."""
    caplog.set_level(logging.DEBUG, "lastword")
    echo = {"error": {"message": f"Incorrect API key provided: {MARKER}"}, "api_key": MARKER}
    headers = {"Authorization": f"Bearer {MARKER}"}
    answer = gw.status(401, echo, headers={"X-Api-Key": MARKER, "Set-Cookie": f"a={MARKER}"})
    async with gw.Gateway() as gateway, aiohttp.ClientSession(headers=headers) as http:
        gateway.script("/ask", answer)
        async with asking(gateway, way, http) as (call, ear):
            ear.url += f"?api_key={MARKER}"
            failures: list[Any] = []
            call.session.on("error", lambda event: failures.append(classify(event)))
            error = await call.unrecoverable()
        assert MARKER in gateway.requests[0].query["api_key"]
    assert [failure.terminal for failure in failures] == [True]
    ours = [vars(record) for record in caplog.records if record.name.startswith("lastword")]
    told = f"{ours!r} {failures!r} {failures[0].detail} {verdict_of(error)!r}"
    assert MARKER not in told
