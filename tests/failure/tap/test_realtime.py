"""Components that are no stream: realtime models, alone and behind a fallback, and detectors."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytest.importorskip("livekit.plugins.openai", reason="the plugins are in an extra of their own")

from livekit.agents import (
    Agent,
    AgentSession,
    APIConnectOptions,
    APIStatusError,
    ErrorEvent,
    inference,
    llm,
)
from livekit.plugins import openai

from failure.rehearsal import (
    IMPATIENT,
    REAL_BOUND_S,
    Brain,
    Ear,
    Mouth,
    Sentences,
    job_http,
    watched,
)
from lastword import FailureKind, InferenceQuotaExceededError, classify
from lastword.testing import gateway as gw
from lastword.testing.documented.forms import openai as refusal
from lastword.testing.documented.forms import socket

pytestmark = pytest.mark.usefixtures("collected")

REFUSED = refusal(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
QUICK = APIConnectOptions(max_retry=1, retry_interval=0.0, timeout=5.0)


def realtime(gateway: gw.Gateway, path: str = "/v1") -> openai.realtime.RealtimeModel:
    return openai.realtime.RealtimeModel(
        base_url=gateway.url + path, api_key="key", conn_options=QUICK
    )


# --- realtime models -----------------------------------------------------------------------------


async def test_a_handshake_refused_for_good_is_asked_once() -> None:
    """One request, one unrecoverable event, the body's meaning in it."""
    async with job_http(), gw.Gateway() as gateway:
        gateway.script("/v1/realtime", REFUSED)
        async with watched(AgentSession(llm=realtime(gateway), **IMPATIENT)) as call:
            error = await call.unrecoverable()
            assert gateway.asked("/v1/realtime") == 1
        assert call.recoverable == [False]
        assert (error.terminal, error.retryable) == (True, False)
        failure = classify(call.events[0])
        assert (failure.kind, failure.component) == (FailureKind.AUTH, "realtime")


async def test_a_handshake_that_fails_for_now_is_asked_again() -> None:
    """503 twice: upstream's retries, upstream's count."""
    async with job_http(), gw.Gateway() as gateway:
        gateway.script("/v1/realtime", gw.overloaded())
        async with watched(AgentSession(llm=realtime(gateway), **IMPATIENT)) as call:
            error = await call.unrecoverable()
            assert gateway.asked("/v1/realtime") == 2
        assert call.recoverable == [True, False]
        assert error.terminal is False


async def test_a_realtime_model_of_a_session_that_is_not_known_is_left_alone() -> None:
    """Without an owner the same refusal is asked as often as upstream asks."""
    async with job_http(), gw.Gateway() as gateway:
        gateway.script("/v1/realtime", REFUSED)
        async with watched(AgentSession(llm=Brain(None), tts=Mouth(None), **IMPATIENT)):
            other: AgentSession[Any] = AgentSession(llm=realtime(gateway), **IMPATIENT)
            events: asyncio.Queue[ErrorEvent] = asyncio.Queue()
            other.on("error", events.put_nowait)
            await other.start(Agent(instructions="Be brief."))
            first = await asyncio.wait_for(events.get(), REAL_BOUND_S)
            assert first.error.recoverable is True
            assert not hasattr(first.error.error, "terminal")
            await other.aclose()


async def test_behind_a_realtime_fallback_the_next_model_takes_over() -> None:
    """The first is asked once, the session is told but lives on, the second is asked."""
    adapter = getattr(llm, "RealtimeModelFallbackAdapter", None)
    if adapter is None:
        pytest.skip("this livekit-agents has no fallback for realtime models")
    async with job_http(), gw.Gateway() as gateway:
        gateway.script("/first", REFUSED)
        asked = asyncio.Event()

        async def second(request: Any) -> Any:
            asked.set()
            return await socket()(request)

        gateway.script("/second", second)
        model = adapter([realtime(gateway, "/first"), realtime(gateway, "/second")])
        async with watched(AgentSession(llm=model, **IMPATIENT)) as call:
            await asyncio.wait_for(asked.wait(), REAL_BOUND_S)
            assert gateway.asked("/first") == 1
            assert call.recoverable == [True]
            assert classify(call.events[0]).kind is FailureKind.AUTH


# --- turn detectors ------------------------------------------------------------------------------


@pytest.fixture
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "no secret, but as long as a real one")


@pytest.mark.usefixtures("_credentials")
async def test_a_refused_interruption_detector_is_typed_and_closes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The quota error reaches the detector's listeners typed; the session goes on by VAD."""
    interruption = pytest.importorskip("livekit.agents.inference.interruption")
    detector = interruption.AdaptiveInterruptionDetector
    errors: asyncio.Queue[Any] = asyncio.Queue()
    announce = detector.emit

    def listen(self: Any, event: Any, *args: Any) -> None:
        announce(self, event, *args)
        if event == "error":
            errors.put_nowait(args[0])

    monkeypatch.setattr(detector, "emit", listen)
    async with job_http(), gw.Gateway() as gateway:
        monkeypatch.setenv("LIVEKIT_INFERENCE_URL", gateway.url)
        category = "MaxBargeInRequests"
        gateway.script("/bargein", gw.quota_exceeded("bargein", category))
        ear = Ear(None)
        ear.capabilities.aligned_transcript = "word"  # what 1.5 and 1.6 ask for
        session: AgentSession[Any] = AgentSession(
            llm=Brain(None),
            stt=ear,
            tts=Mouth(None),
            vad=Sentences(),
            turn_handling={"turn_detection": "vad", "interruption": {"mode": "adaptive"}},
            **IMPATIENT,
        )
        async with watched(session, hears=True) as call:
            if hasattr(interruption, "InterruptionHttpStream"):
                # 1.5 asks by HTTP, and only while both speak
                body = json.dumps({"type": "inference_quota_exceeded", "category": category})
                refusal = APIStatusError("refused", status_code=429, body=body)
                session._activity._interruption_detector._emit_error(refusal, recoverable=False)
            event = await asyncio.wait_for(errors.get(), REAL_BOUND_S)
            assert isinstance(event.error, InferenceQuotaExceededError)
            assert (event.error.category, event.error.terminal) == (category, True)
            assert classify(event).component == "interruption"
            handle = call.session.say("I am still here.")
            await asyncio.wait_for(handle.wait_for_playout(), REAL_BOUND_S)
            assert call.events == []


@pytest.mark.usefixtures("_credentials")
async def test_a_refused_end_of_turn_detector_closes_nothing() -> None:
    """livekit-agents goes on with its local model and announces no error; nor do we."""
    detector = getattr(inference, "TurnDetector", None)
    if detector is None:
        pytest.skip("this livekit-agents has no cloud turn detector")
    async with job_http(), gw.Gateway() as gateway:
        asked = asyncio.Event()

        async def answer(request: Any) -> Any:
            asked.set()
            return await gw.quota_exceeded("eot", "MaxEotRequests")(request)

        gateway.script("/eot", answer)
        session: AgentSession[Any] = AgentSession(
            llm=Brain(None),
            stt=Ear(None),
            tts=Mouth(None),
            vad=Sentences(),
            turn_handling={"turn_detection": detector(version="v1", base_url=gateway.url)},
            **IMPATIENT,
        )
        async with watched(session, hears=True) as call:
            await asyncio.wait_for(asked.wait(), REAL_BOUND_S)
            handle = call.session.say("I am still here.")
            await asyncio.wait_for(handle.wait_for_playout(), REAL_BOUND_S)
            assert call.events == []
