"""The main job, on real parts: a real session, the real plugin, a real 429 on the wire."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from livekit.agents import Agent, AgentSession, inference
from livekit.agents.voice.events import CloseReason

import lastword
from lastword.testing.gateway import Gateway, quota_exceeded, says
from lastword.testing.sink import RecordingSink
from session.fakes import FakeTTS, clip_of

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 30.0


def real_llm(gateway: Gateway) -> inference.LLM:
    """The real plugin, asking the local server."""
    return inference.LLM(
        "openai/gpt-4o-mini",
        base_url=f"{gateway.url}/v1",
        api_key="devkey",
        api_secret="a-secret-of-at-least-thirty-two-characters",  # noqa: S106 - signs for nobody
    )


class Outcome:
    """What became of a call."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.closes: list[Any] = []
        self.errors: list[Any] = []
        self.sink = RecordingSink()
        self.requests = 0
        self.report: lastword.Report | None = None


async def call(
    message: Any,
    *,
    on_error: Callable[[Any], None] | None = None,
    tts: FakeTTS | None = None,
    closes: bool = True,
    prepared: Callable[[], None] | None = None,
) -> Outcome:
    """One call whose LLM is out of credits; ends with the close event."""
    outcome = Outcome()
    async with Gateway() as gateway:
        gateway.script("/v1/chat/completions", quota_exceeded())
        session: AgentSession[None] = AgentSession(llm=real_llm(gateway), tts=tts)
        session.output.audio = outcome.sink
        last_word = lastword.attach(session, message)
        closed = asyncio.Event()
        outcome.sink.on("playback_started", lambda _: outcome.events.append("first frame"))
        outcome.sink.on("playback_finished", lambda _: outcome.events.append("played"))

        def errored(event: Any) -> None:
            outcome.events.append("error")
            outcome.errors.append(event.error.error)
            if on_error is not None:
                on_error(event)

        def on_close(event: Any) -> None:
            outcome.events.append("close")
            outcome.closes.append(event)
            closed.set()

        session.on("error", errored)
        session.on("close", on_close)
        await session.start(Agent(instructions="test"))
        if prepared is not None:
            prepared()
        handle = session.generate_reply(user_input="hello?")
        if closes:
            await asyncio.wait_for(closed.wait(), LIMIT_S)
        else:
            await asyncio.wait_for(handle.wait_for_playout(), LIMIT_S)
        outcome.requests = gateway.asked("/v1/chat/completions")
        outcome.report = await last_word.settled()
        if not closes:
            outcome.events.append("alive")
            await session.aclose()
    return outcome


async def test_a_real_429_is_heard_and_closes_the_session_in_order() -> None:
    """One request, the typed error, the whole clip sample for sample, one close with the error."""
    clip = clip_of(1.0)
    outcome = await call(clip)

    assert outcome.events == ["error", "first frame", "played", "close"]
    assert outcome.requests == 1
    (close,) = outcome.closes
    assert close.reason == CloseReason.ERROR
    (error,) = outcome.errors
    assert isinstance(error, lastword.InferenceQuotaExceededError)
    assert close.error.error is error
    assert (error.category, error.quota_type) == ("MaxGatewayCredits", "llm")
    assert (error.terminal, error.retryable) == (True, False)
    expected = np.concatenate([np.frombuffer(f.data, np.int16) for f in clip.frames()])
    np.testing.assert_array_equal(outcome.sink.heard, expected)
    report = outcome.report
    assert report is not None
    assert (report.played, report.path, report.source) == ("full", "say", "clip")
    assert report.closed_by == "lastword"
    assert report.failure.kind is lastword.FailureKind.QUOTA_EXHAUSTED


@pytest.mark.parametrize("seconds", [None, 1.0], ids=["no TTS", "a dead TTS"])
async def test_the_tts_makes_no_difference(seconds: float | None) -> None:
    """The message needs no TTS: without one, and with one that hangs, it is heard alike."""
    tts = FakeTTS(fault=lambda: asyncio.sleep(60)) if seconds else None
    outcome = await call(clip_of(0.5), tts=tts)
    assert outcome.events == ["error", "first frame", "played", "close"]
    assert outcome.sink.heard_s == pytest.approx(0.5, abs=0.051)
    assert tts is None or tts.attempts == 0


async def test_a_user_handler_may_keep_the_session_alive() -> None:
    """`recoverable = True` set by an error handler means that nothing is said or closed."""

    def keep(event: Any) -> None:
        event.error.recoverable = True

    outcome = await call(clip_of(0.5), on_error=keep, closes=False)
    assert outcome.events == ["error", "alive", "close"]  # the close is the test's own
    assert outcome.sink.segments == []
    assert outcome.report is None


@pytest.mark.parametrize("message", [None, ""])
async def test_no_message_closes_in_silence(message: str | None) -> None:
    """`None` and the empty text close on the first occurrence without a word."""
    outcome = await call(message)
    assert outcome.events == ["error", "close"]
    assert outcome.report is not None
    assert (outcome.report.played, outcome.report.path) == ("none", None)


async def test_words_are_spoken_by_the_bundled_clip_until_a_voice_is_baked() -> None:
    """Without a TTS, words give way to the bundled clip, whose own words are the transcript."""
    outcome = await call("Please call the front desk instead.")
    assert outcome.report is not None
    assert outcome.report.source == "bundled"
    assert outcome.report.transcript == lastword.bundled().transcript
    assert outcome.report.played == "full"


async def test_nothing_is_opened_or_imported_between_the_error_and_the_last_frame() -> None:
    """The failure path does no I/O of ours: an audit hook sees no open and no import."""
    watching = False
    seen: list[str] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if not watching or event not in ("open", "import"):
            return
        frame = sys._getframe()
        while frame is not None:  # type: ignore[redundant-expr]
            if frame.f_globals.get("__name__", "").startswith("lastword"):
                if "testing" not in frame.f_globals["__name__"]:
                    seen.append(f"{event} {args[0]} by {frame.f_globals['__name__']}")
                return
            frame = frame.f_back  # type: ignore[assignment]

    def start(_: Any = None) -> None:
        nonlocal watching
        watching = True

    sys.addaudithook(hook)
    outcome = await call(clip_of(0.5), on_error=start)
    watching = False
    assert outcome.events[-1] == "close"
    assert seen == []


async def test_a_good_reply_is_left_alone() -> None:
    """A working session does not notice that it has a last word."""
    async with Gateway() as gateway:
        gateway.script("/v1/chat/completions", says("Hello there."))
        session: AgentSession[None] = AgentSession(llm=real_llm(gateway), tts=FakeTTS(0.2))
        session.output.audio = sink = RecordingSink()
        last_word = lastword.attach(session)
        await session.start(Agent(instructions="test"))
        handle = session.generate_reply(user_input="hello?")
        await asyncio.wait_for(handle.wait_for_playout(), LIMIT_S)
        assert sink.heard_s == pytest.approx(0.2, abs=0.051)
        assert last_word.report is None
        await session.aclose()
