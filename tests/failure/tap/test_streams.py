"""What happens to errors on their way out: retries, adapters, exceptions that are no APIError."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import AgentSession, APIConnectOptions, APIError, llm, stt, tts

from failure.rehearsal import BOUND_S, Brain, Ear, Mouth, Sentences, raw, refused, watched
from lastword import FailureKind, classify
from session.fakes import overloaded
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("collected")

ONE_TRY = APIConnectOptions(max_retry=0)
QUICK = APIConnectOptions(retry_interval=0.01)


async def ask(session: AgentSession[Any]) -> str:
    """Has the agent answer; what it said."""
    handle = session.generate_reply(user_input="Hello?")
    await asyncio.wait_for(handle.wait_for_playout(), BOUND_S)
    said = [item for item in session.history.items if item.type == "message"]
    return (said[-1].text_content or "") if said and said[-1].role == "assistant" else ""


# --- retries -------------------------------------------------------------------------------------


@pytest.mark.parametrize("streaming", [False, True])
def test_a_transient_tts_error_is_retried_and_heard(*, streaming: bool) -> None:
    """503 twice, then sound; each event is judged and recoverable."""

    async def main() -> None:
        mouth = Mouth(overloaded, overloaded, None, streaming=streaming)
        async with watched(AgentSession(tts=mouth)) as call:
            await asyncio.wait_for(call.session.say("One moment.").wait_for_playout(), BOUND_S)
            assert call.recoverable == [True, True]
            assert [e.error.error.terminal for e in call.events] == [False, False]
            heard = sum(segment.played_s for segment in call.session.output.audio.segments)
            assert heard > 0.09

    run_virtual(main())


def test_an_exhausted_transient_error_goes_the_way_of_livekit_agents() -> None:
    """Four attempts, three recoverable events and an unrecoverable one, none of them terminal."""

    async def main() -> None:
        brain = Brain(overloaded)
        async with watched(AgentSession(llm=brain)) as call:
            call.session.generate_reply(user_input="Hello?")
            error = await call.unrecoverable()
            assert brain.script.attempts == 4
            assert call.recoverable == [True, True, True, False]
            assert (error.terminal, error.status_code) == (False, 503)

    run_virtual(main())


def test_a_terminal_error_after_a_transient_one_ends_the_retries() -> None:
    """503, then 402: two attempts."""

    async def main() -> None:
        mouth = Mouth(overloaded, refused, streaming=True)
        async with watched(AgentSession(tts=mouth)) as call:
            call.session.say("One moment.")
            error = await call.unrecoverable()
            assert (mouth.script.attempts, error.status_code) == (2, 402)
            assert call.recoverable == [True, False]

    run_virtual(main())


# --- exceptions that are no APIError -------------------------------------------------------------


@pytest.mark.parametrize(
    ("component", "make"),
    [
        ("llm", lambda: Brain(raw)),
        ("tts", lambda: Mouth(raw)),
        ("tts", lambda: Mouth(raw, streaming=True)),
        ("stt", lambda: Ear(raw)),
        ("stt", lambda: Ear(raw, streaming=False)),
    ],
)
def test_a_raw_exception_becomes_an_api_error(component: str, make: Callable[[], Any]) -> None:
    """One event whose error is an APIError caused by what the plugin raised."""

    async def main() -> None:
        session = AgentSession(vad=Sentences(), turn_detection="manual", **{component: make()})
        async with watched(session, hears=component == "stt") as call:
            if component == "llm":
                session.generate_reply(user_input="Hello?")
            if component == "tts":
                session.say("One moment.")
            error = await call.unrecoverable()
            assert isinstance(error, APIError)
            assert isinstance(error.__cause__, KeyError)
            assert error.terminal is False
            assert classify(call.events[0]).component == component

    run_virtual(main())


def test_an_stt_hears_again_after_a_raw_exception() -> None:
    """The pump reopens the stream, as it does for an APIError (since 1.6)."""

    async def main() -> None:
        ear = Ear(raw, None)
        heard = asyncio.Event()
        session = AgentSession(stt=ear, turn_detection="manual")
        session.on("user_input_transcribed", lambda _: heard.set())
        async with watched(session, hears=True):
            await asyncio.wait_for(heard.wait(), BOUND_S)
            assert ear.script.attempts == 2

    if not hasattr(AgentSession, "_is_closing"):
        pytest.skip("the pump of this livekit-agents never reopens a stream")
    run_virtual(main())


@pytest.mark.parametrize("streaming", [False, True])
def test_a_speech_without_any_sound_is_a_failure(*, streaming: bool) -> None:
    """A TTS that ends without a frame: seen although it comes after the plugin's code."""

    async def main() -> None:
        mouth = Mouth(None, streaming=streaming, mute=True)
        async with watched(AgentSession(tts=mouth)) as call:
            call.session.say("One moment.")
            error = await call.unrecoverable()
            assert "no audio frames" in error.message
            assert error.terminal is False
            assert classify(call.events[-1]).kind is FailureKind.UNKNOWN

    run_virtual(main())


async def test_a_decoder_that_fails_after_the_plugin_ended_is_seen() -> None:
    """The emitter's own error; in real time, since a thread decodes."""

    class Garbage(Mouth):
        def synthesize(self, text: str, **options: Any) -> tts.ChunkedStream:
            return _Garbled(tts=self, input_text=text, conn_options=ONE_TRY)

    class _Garbled(tts.ChunkedStream):
        async def _run(self, output_emitter: tts.AudioEmitter) -> None:
            output_emitter.initialize(
                request_id="1", sample_rate=24000, num_channels=1, mime_type="audio/mp3"
            )
            output_emitter.push(b"this is no sound" * 400)

    async with watched(AgentSession(tts=Garbage(None))) as call:
        call.session.say("One moment.")
        error = await call.unrecoverable()
        assert isinstance(error, APIError)
        assert error.terminal is False


# --- adapters ------------------------------------------------------------------------------------


def test_behind_a_fallback_a_terminal_child_is_skipped_at_once() -> None:
    """The second LLM answers, no unrecoverable event, the first was asked once (and probed)."""

    async def main() -> None:
        first, second = Brain(refused), Brain(None)
        adapter = llm.FallbackAdapter([first, second], max_retry_per_llm=3)
        async with watched(AgentSession(llm=adapter, tts=Mouth(None))) as call:
            assert await ask(call.session) == "Good."
            assert call.events == []
            assert first.script.attempts <= 2  # the second is the adapter's own recovery probe

    run_virtual(main())


FALLBACKS: dict[str, Callable[..., Any]] = {
    "llm": lambda *steps: llm.FallbackAdapter([Brain(step) for step in steps]),
    "tts": lambda *steps: tts.FallbackAdapter([Mouth(step) for step in steps]),
    "tts streaming": lambda *steps: tts.FallbackAdapter(
        [Mouth(step, streaming=True) for step in steps]
    ),
    "stt": lambda *steps: stt.FallbackAdapter([Ear(step) for step in steps]),
    "stt recognize": lambda *steps: stt.FallbackAdapter(
        [Ear(step, streaming=False) for step in steps], vad=Sentences()
    ),
}


async def fail_fallback(kind: str, *steps: Callable[[], Exception]) -> tuple[Any, list[bool], int]:
    """The unrecoverable error of an adapter, its events, the attempts of all its children."""
    adapter = FALLBACKS[kind](*steps)
    component, _, _ = kind.partition(" ")
    session = AgentSession(vad=Sentences(), turn_detection="manual", **{component: adapter})
    async with watched(session, hears=component == "stt") as call:
        if component == "llm":
            session.generate_reply(user_input="Hello?")
        if component == "tts":
            session.say("One moment.")
        error = await call.unrecoverable()
        children = getattr(adapter, f"_{component}_instances")
        scripts = [getattr(child, "_stt", child).script for child in children]
        return error, call.recoverable, sum(script.attempts for script in scripts)


@pytest.mark.parametrize("kind", FALLBACKS)
def test_a_fallback_is_final_when_every_child_was(kind: str) -> None:
    """No second round: each child asked once, and once more by the adapter's own probe."""
    error, recoverable, attempts = run_virtual(fail_fallback(kind, refused, refused))
    assert recoverable == [False]
    assert (error.terminal, error.retryable) == (True, False)
    assert classify(error).kind is FailureKind.QUOTA_EXHAUSTED
    assert attempts <= 4


@pytest.mark.parametrize("kind", ["llm", "tts"])
def test_a_fallback_with_a_child_that_may_recover_is_not_final(kind: str) -> None:
    """402 and 503: a later turn may find the second child well."""
    error, recoverable, _ = run_virtual(fail_fallback(kind, refused, overloaded))
    assert error.terminal is False
    assert recoverable[-1] is False


def test_a_stream_adapter_passes_a_terminal_error_on() -> None:
    """The adapter that a user puts around a TTS: one attempt, one event."""

    async def main() -> None:
        mouth = Mouth(refused)
        async with watched(AgentSession(tts=tts.StreamAdapter(tts=mouth))) as call:
            call.session.say("One moment.")
            error = await call.unrecoverable()
            assert (error.terminal, mouth.script.attempts, len(call.events)) == (True, 1, 1)

    run_virtual(main())
