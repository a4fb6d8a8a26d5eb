"""Components that fail by a script, and sessions whose errors are watched by the tap alone."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    Agent,
    AgentSession,
    APIConnectOptions,
    APIError,
    APIStatusError,
    inference,
    stt,
    tts,
    vad,
)
from livekit.agents.utils import http_context
from livekit.agents.voice import io

from lastword.failure.tap import install as tap
from lastword.session.owner import SessionOwner
from lastword.testing.sink import RecordingSink
from session.fakes import FakeLLM
from session.virtual_time import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from lastword.testing.gateway import Gateway

BOUND_S = 300.0
"""Of virtual time, which runs ahead while a thread works."""

REAL_BOUND_S = 60.0
"""Of real time: a busy machine takes 20 s to import an SDK that is imported when first asked."""
RATE = 24000
TONE = np.full(RATE // 10, 1000, dtype=np.int16).tobytes()
"""0.1 s of mono sound."""


IMPATIENT: dict[str, Any] = (
    {"session_close_transcript_timeout": 0.0}
    if "session_close_transcript_timeout" in inspect.signature(AgentSession).parameters
    else {}
)
"""For sessions in real time: closing does not wait 2 s for a transcript (not in 1.4.6)."""


def refused() -> Exception:
    """An account without money: terminal, though livekit-agents would ask again."""
    return APIStatusError("payment required", status_code=402, body=None, retryable=True)


def raw() -> Exception:
    """What plugins raise by mistake."""
    return KeyError("metadata")


class Script:
    """What the attempts of a component do, one after the other; the last one goes on for ever."""

    def __init__(self, *steps: Callable[[], Exception] | None) -> None:
        self.steps = list(steps)
        self.attempts = 0

    def play(self) -> None:
        """Raises what this attempt is to raise, if anything."""
        step = self.steps[min(self.attempts, len(self.steps) - 1)]
        self.attempts += 1
        if step is not None:
            raise step()


class Brain(FakeLLM):
    """Answers "Good." where the script allows it."""

    def __init__(self, *steps: Callable[[], Exception] | None) -> None:
        super().__init__(self._answer)
        self.script = Script(*steps)

    def _answer(self) -> str:
        self.script.play()
        return "Good."


class Mouth(tts.TTS):
    """Speaks 0.1 s where the script allows it, or ends without a sound if `mute`."""

    def __init__(
        self, *steps: Callable[[], Exception] | None, streaming: bool = False, mute: bool = False
    ) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=streaming), sample_rate=RATE, num_channels=1
        )
        self.script = Script(*steps)
        self.mute = mute

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _Sentence(tts=self, input_text=text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        return _Speech(tts=self, conn_options=conn_options)


class _Sentence(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="1", sample_rate=RATE, num_channels=1, mime_type="audio/pcm"
        )
        self._tts.script.play()
        if not self._tts.mute:
            output_emitter.push(TONE)


class _Speech(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="1", sample_rate=RATE, num_channels=1, mime_type="audio/pcm", stream=True
        )
        output_emitter.start_segment(segment_id="1")
        async for _ in self._input_ch:
            self._tts.script.play()
            if not self._tts.mute:
                output_emitter.push(TONE)
        output_emitter.end_segment()


class Ear(stt.STT):
    """Understands "hello" where the script allows it."""

    def __init__(self, *steps: Callable[[], Exception] | None, streaming: bool = True) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(streaming=streaming, interim_results=False)
        )
        self.script = Script(*steps)

    async def _recognize_impl(
        self, buffer: Any, *, language: Any = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> stt.SpeechEvent:
        self.script.play()
        return understood()

    def stream(
        self,
        *,
        language: Any = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        return _Hearing(stt=self, conn_options=conn_options)


class _Hearing(stt.RecognizeStream):
    async def _run(self) -> None:
        self._stt.script.play()
        self._event_ch.send_nowait(understood())
        async for _ in self._input_ch:
            pass


def understood() -> stt.SpeechEvent:
    """A final transcript."""
    heard = stt.SpeechData(language="en", text="hello")
    return stt.SpeechEvent(stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[heard])


class Sentences(vad.VAD):
    """Takes every tenth frame for the end of an utterance."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.1))

    def stream(self) -> vad.VADStream:
        return _Utterances(self)


class _Utterances(vad.VADStream):
    async def _main_task(self) -> None:
        frames: list[rtc.AudioFrame] = []
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            frames.append(frame)
            if len(frames) == 10:
                self._event_ch.send_nowait(
                    vad.VADEvent(
                        type=vad.VADEventType.END_OF_SPEECH,
                        samples_index=0,
                        timestamp=0.0,
                        speech_duration=0.1,
                        silence_duration=0.5,
                        frames=frames,
                    )
                )
                frames = []


class Microphone(io.AudioInput):
    """Gives 10 ms of silence every 10 ms."""

    def __init__(self) -> None:
        super().__init__(label="Microphone")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(0.01)
        return rtc.AudioFrame(bytes(2 * RATE // 100), RATE, 1, RATE // 100)


def gateway_llm(gateway: Gateway) -> inference.LLM:
    """The real client of LiveKit's gateway, pointed at a scripted one."""
    return inference.LLM(
        "openai/gpt-4.1-mini",
        base_url=gateway.url + "/v1",
        api_key="devkey",
        api_secret="no secret, but as long as a real one",  # noqa: S106
    )


def bound_s() -> float:
    """How long to wait at most, in the time of the running loop."""
    return BOUND_S if isinstance(asyncio.get_running_loop(), VirtualLoop) else REAL_BOUND_S


class Watched:
    """A running session that the tap knows, without its last word.

    Attributes:
        session: The session; it has a sink, and a microphone if it has ears.
        owner: What the tap knows it by.
        events: Its error events, in order.
    """

    def __init__(self, session: AgentSession[Any]) -> None:
        self.session = session
        self.owner = SessionOwner(session)
        self.events: list[Any] = []
        self._any, self._final = asyncio.Event(), asyncio.Event()
        session.output.audio = RecordingSink()
        session.on("error", self._note)

    def _note(self, event: Any) -> None:
        self.events.append(event)
        self._any.set()
        if not event.error.recoverable:
            self._final.set()

    async def error(self) -> Any:
        """Waits for the first error event, recoverable or not, and returns its error."""
        await asyncio.wait_for(self._any.wait(), bound_s())
        return self.events[0].error.error

    async def unrecoverable(self) -> Any:
        """Waits for the first error event that is not recoverable and returns its error."""
        await asyncio.wait_for(self._final.wait(), bound_s())
        return next(e.error.error for e in self.events if not e.error.recoverable)

    @property
    def recoverable(self) -> list[bool]:
        """Of each event whether it was recoverable."""
        return [event.error.recoverable for event in self.events]


@contextlib.asynccontextmanager
async def watched(
    session: AgentSession[Any], agent: Agent | None = None, *, hears: bool = False
) -> AsyncIterator[Watched]:
    """Starts a session under the tap; ends both."""
    call = Watched(session)
    if hears:
        session.input.audio = Microphone()
    tap.install(call.owner)
    try:
        await asyncio.wait_for(session.start(agent or Agent(instructions="Be brief.")), bound_s())
        yield call
    finally:
        tap.remove(call.owner)
        # that of a realtime session raises what its connection has failed of (1.8.9), unless the
        # session is closing already: it is not from Python 3.12 on, whose wait_for starts at once
        with contextlib.suppress(APIError):
            await asyncio.wait_for(session.aclose(), bound_s())


@contextlib.asynccontextmanager
async def job_http() -> AsyncIterator[None]:
    """The HTTP session that a job gives to its plugins; `http_context.open` is newer than 1.4.6."""
    http_context._new_session_ctx()
    try:
        yield
    finally:
        await http_context._close_http_ctx()
