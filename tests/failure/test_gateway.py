"""The scripted provider answers the real inference client as the real ones would."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    inference,
    llm,
)

from lastword import Failure, FailureKind, classify
from lastword.testing import gateway as gw

openai = pytest.importorskip("livekit.plugins.openai", reason="no release fits this pre-release")

IMPATIENT = APIConnectOptions(max_retry=0, timeout=5.0)
CHAT = "/v1/chat/completions"


async def ask(
    gateway: gw.Gateway, timeout_s: float = 5.0, failures: list[Failure] | None = None
) -> str:
    """One turn of livekit's own inference LLM without retries; errors are classified as they come.

    The SDK's response, body and all, hangs on the exception only while the event is handled.
    """
    model = inference.LLM(
        "openai/gpt-4.1", base_url=gateway.url + "/v1", api_key="key", api_secret="s" * 32
    )
    model._client.max_retries = 0  # the SDK's own, which livekit-agents leaves on before 1.6
    if failures is not None:
        model.on("error", lambda error: failures.append(classify(error)))
    ctx = llm.ChatContext.empty()
    ctx.add_message(role="user", content="hello")
    stream = model.chat(
        chat_ctx=ctx, conn_options=APIConnectOptions(max_retry=0, timeout=timeout_s)
    )
    try:
        async with stream:
            return "".join([c.delta.content or "" async for c in stream if c.delta])
    finally:
        await model.aclose()


async def test_a_script_is_answered_in_order_and_its_last_answer_stays() -> None:
    async with gw.Gateway() as gateway:
        gateway.script(CHAT, gw.says("Good morning."), gw.quota_exceeded())
        assert (await ask(gateway)).strip() == "Good morning."
        for _ in range(2):
            with pytest.raises(APIStatusError, match="MaxGatewayCredits"):
                await ask(gateway)
        assert gateway.asked(CHAT) == 3
        times = [request.at_s for request in gateway.requests]
        assert times == sorted(times)


@pytest.mark.parametrize(
    ("answer", "error", "kind", "terminal"),
    [
        (gw.quota_exceeded(), APIStatusError, FailureKind.QUOTA_EXHAUSTED, True),
        (
            gw.quota_exceeded(category="MaxConcurrentGatewayLLMRpm"),
            APIStatusError,
            FailureKind.RATE_LIMITED,
            False,
        ),
        (gw.out_of_credits(), APIStatusError, FailureKind.QUOTA_EXHAUSTED, True),
        (gw.rate_limited(7.0), APIStatusError, FailureKind.RATE_LIMITED, False),
        (gw.unauthorized(), APIStatusError, FailureKind.AUTH, True),
        (
            gw.fails_inside({"type": "insufficient_quota", "message": "exceeded"}),
            APIConnectionError,
            FailureKind.QUOTA_EXHAUSTED,
            True,
        ),
        (gw.overloaded(503), APIStatusError, FailureKind.OVERLOADED, False),
        (gw.breaks_after("One two"), APIConnectionError, FailureKind.CONNECTION, False),
        (gw.stall(), APITimeoutError, FailureKind.TIMEOUT, False),
    ],
)
async def test_each_failure_arrives_typed(
    answer: gw.Answer, error: type[APIError], kind: FailureKind, *, terminal: bool
) -> None:
    async with gw.Gateway() as gateway:
        gateway.script(CHAT, answer)
        failures: list[Failure] = []
        with pytest.raises(error):
            await ask(gateway, 0.2, failures)
        seen = [(failure.kind, failure.terminal, failure.component) for failure in failures]
        assert seen == [(kind, terminal, "llm")]


async def test_an_unscripted_path_is_a_404_that_names_it() -> None:
    async with gw.Gateway() as gateway:
        with pytest.raises(APIStatusError, match=CHAT) as caught:
            await ask(gateway)
        assert caught.value.status_code == 404


async def test_leaving_ends_a_stalled_answer() -> None:
    came = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        came.set()
        return await gw.stall(3600.0)(request)

    async with gw.Gateway() as gateway:
        gateway.script(CHAT, stall)
        asking = asyncio.create_task(ask(gateway, timeout_s=3600.0), name="ask")
        await asyncio.wait_for(came.wait(), 5)
    with pytest.raises(APIError):
        await asyncio.wait_for(asking, 5)


def test_a_gateway_that_is_not_running_has_no_url() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        _ = gw.Gateway().url


def test_a_script_needs_an_answer() -> None:
    with pytest.raises(ValueError, match="expected one"):
        gw.Gateway().script(CHAT)


async def test_a_rate_limit_says_when_to_ask_again() -> None:
    async with gw.Gateway() as gateway:
        gateway.script(CHAT, gw.rate_limited(7.0))
        failures: list[Failure] = []
        with pytest.raises(APIStatusError):
            await ask(gateway, failures=failures)
        assert [failure.retry_after_s for failure in failures] == [7.0]


@pytest.mark.parametrize("sound", ["mp3", "wav", "pcm", "flac", "opus"])
async def test_a_scripted_voice_is_heard_for_as_long_as_it_was_asked(sound: Any) -> None:
    async with gw.Gateway() as gateway:
        gateway.script("/v1/audio/speech", gw.speaks(0.5), gw.out_of_credits())
        voice = openai.TTS(
            base_url=gateway.url + "/v1", model="tts-1", api_key="none", response_format=sound
        )
        async with voice.synthesize("Hello.", conn_options=IMPATIENT) as stream:
            frame = await stream.collect()
        assert frame.duration == pytest.approx(0.5, abs=0.2)  # upstream drops blocks of FLAC
        with pytest.raises(APIError):
            async with voice.synthesize("Hello.", conn_options=IMPATIENT) as stream:
                await stream.collect()
        await voice.aclose()


async def test_a_scripted_ear_understands_what_it_was_told_to() -> None:
    async with gw.Gateway() as gateway:
        gateway.script("/v1/audio/transcriptions", gw.hears("Good morning."))
        ear = openai.STT(base_url=gateway.url + "/v1", api_key="none")
        silence = rtc.AudioFrame(bytes(4800), 24000, 1, 2400)
        event = await ear.recognize(silence, conn_options=IMPATIENT)
        assert event.alternatives[0].text == "Good morning."
        await ear.aclose()


async def test_a_websocket_goes_step_by_step() -> None:
    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script(
            "/ws",
            gw.websocket(
                gw.receives(2),
                gw.sends({"type": "Begin"}),
                gw.sends("text"),
                gw.sends(b"bytes"),
                gw.waits(0.0),
                gw.closes(4001, "why"),
            ),
        )
        async with http.ws_connect(gateway.ws_url + "/ws?model=x") as ws:
            await ws.send_str("one")
            await ws.send_bytes(b"two")
            frames = [(await ws.receive()).data for _ in range(3)]
            last = await ws.receive()
            assert frames == ['{"type": "Begin"}', "text", b"bytes"]
            assert (last.type, last.data, last.extra) == (aiohttp.WSMsgType.CLOSE, 4001, "why")
        assert gateway.requests[0].query == {"model": "x"}


async def test_a_websocket_can_be_lost_or_left_alone() -> None:
    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script("/ws", gw.websocket(gw.drops()), gw.websocket(gw.receives(9)))
        async with http.ws_connect(gateway.ws_url + "/ws") as ws:
            await ws.receive()
            assert ws.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE
        async with http.ws_connect(gateway.ws_url + "/ws") as ws:
            assert await ws.close()


async def test_a_refused_handshake_has_status_and_body() -> None:
    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script("/ws", gw.quota_exceeded("stt"))
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(gateway.ws_url + "/ws")
        assert caught.value.status == 429


async def test_the_longest_fitting_path_answers() -> None:
    async with gw.Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script("*", gw.status(500))
        gateway.script("/v1/*", gw.status(501))
        gateway.script("/v1/exact", gw.status(502, headers={"x-mine": "yes"}))
        statuses = []
        for path in ("/other", "/v1/other", "/v1/exact"):
            async with http.get(gateway.url + path) as response:
                statuses.append(response.status)
        assert statuses == [500, 501, 502]
