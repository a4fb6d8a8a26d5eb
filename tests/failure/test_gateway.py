"""The scripted provider answers the real inference client as the real ones would."""

import asyncio

import pytest
from aiohttp import web
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
        (gw.unauthorized(), APIStatusError, FailureKind.AUTH, True),
        (gw.server_error(503), APIStatusError, FailureKind.OVERLOADED, False),
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
