"""Components that fail on demand, and a call that writes down the order of what happens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    Agent,
    AgentSession,
    APIConnectOptions,
    APIStatusError,
    llm,
    tts,
)

import lastword
from lastword.testing.room.recording import RATE
from lastword.testing.sink import RecordingSink
from room.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = "the last words"
"""What the message of these tests says."""

QUOTA_BODY = {
    "type": "inference_quota_exceeded",
    "error": "LLM token credit quota exceeded, category: MaxGatewayCredits, remaining_limit: 0",
    "category": "MaxGatewayCredits",
    "quota_type": "llm",
    "hint": "top up",
    "remaining_limit": "0",
}


def out_of_credits() -> APIStatusError:
    """The gateway's refusal, as a plugin would raise it."""
    return APIStatusError("quota", status_code=429, body=QUOTA_BODY, retryable=True)


def overloaded() -> APIStatusError:
    """A passing trouble."""
    return APIStatusError("overloaded", status_code=503, body=None, retryable=True)


async def swallow(seconds: float) -> None:
    """User code that takes so long, however often it is cancelled."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        try:
            await asyncio.sleep(until - loop.time())
        except asyncio.CancelledError:
            continue


class StreamedLLM(llm.LLM):
    """Answers each request by a stream of its `streams` class.

    Attributes:
        attempts: How many answers were begun; the streams count them.
    """

    streams: ClassVar[type[llm.LLMStream]]

    def __init__(self) -> None:
        super().__init__()
        self.attempts = 0

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[Any] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> llm.LLMStream:
        return self.streams(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _FakeStream(llm.LLMStream):
    async def _run(self) -> None:
        fake = self._llm
        assert isinstance(fake, FakeLLM)
        fake.attempts += 1
        text = fake.answer()
        delta = llm.ChoiceDelta(role="assistant", content=text)
        self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))


class FakeLLM(StreamedLLM):
    """Asks `answer` on every attempt; it raises, or returns the text of the reply."""

    streams = _FakeStream

    def __init__(self, answer: Callable[[], str]) -> None:
        super().__init__()
        self.answer = answer


class FakeTTS(tts.TTS):
    """Speaks `seconds` of a tone for any text, or does what `fault` does."""

    def __init__(self, seconds: float = 1.0, fault: Callable[[], Any] | None = None) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=24000, num_channels=1
        )
        self.seconds = seconds
        self.fault = fault
        self.attempts = 0

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _FakeChunked(tts=self, input_text=text, conn_options=conn_options)


class _FakeChunked(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        fake = self._tts
        assert isinstance(fake, FakeTTS)
        fake.attempts += 1
        output_emitter.initialize(
            request_id="1", sample_rate=24000, num_channels=1, mime_type="audio/pcm"
        )
        if fake.fault is not None:
            fault = fake.fault()
            if asyncio.iscoroutine(fault):
                await fault
        output_emitter.push(tone(fake.seconds).tobytes())


def tone(seconds: float, sample_rate: int = 24000, hertz: float = 440.0) -> np.ndarray[Any, Any]:
    """A sine of int16, shape (samples,)."""
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.round(8000 * np.sin(2 * np.pi * hertz * t)).astype(np.int16)


def clip_of(seconds: float = 1.0) -> lastword.Clip:
    """A message of which no two places are alike: a sweep, with `WORDS` beside it."""
    return lastword.Clip.load((sweep(seconds)[:, None], RATE), transcript=WORDS)


@dataclass
class Call:
    """A session with everything faked around it, and the order of what happened.

    Attributes:
        events: Names in order: "error", "close:REASON", "frame" (the first of each segment).
        times: Event-loop time of each of them.
    """

    session: AgentSession[Any]
    sink: RecordingSink | None
    events: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    closes: list[Any] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    async def start(
        cls,
        *,
        llm: FakeLLM | None = None,
        tts: FakeTTS | None = None,
        sink: RecordingSink | None = None,
        agent: Agent | None = None,
        without_sound: bool = False,
        before_start: Callable[[Call], None] | None = None,
        **options: Any,
    ) -> Call:
        """Starts a session whose outputs are ours."""
        session: AgentSession[Any] = AgentSession(
            llm=llm or NOT_GIVEN, tts=tts or NOT_GIVEN, **options
        )
        output = None if without_sound else sink or RecordingSink()
        call = cls(session, output)
        if output is not None:
            session.output.audio = output
            output.on("playback_started", lambda _: call.note("frame"))
        session.on("error", lambda _: call.note("error"))
        session.on("close", call.on_close)
        if before_start is not None:
            before_start(call)
        await session.start(agent or Agent(instructions="test"))
        return call

    def note(self, name: str) -> None:
        """Writes down that something happened now."""
        self.events.append(name)
        self.times.append(asyncio.get_running_loop().time())

    def on_close(self, event: Any) -> None:
        """Writes down a close event."""
        self.closes.append(event)
        self.note(f"close:{event.reason.value}")
        self.closed.set()

    def at(self, name: str) -> float:
        """When something happened first, in event-loop time."""
        return self.times[self.events.index(name)]


def frame_of(samples: np.ndarray[Any, Any], sample_rate: int = 24000) -> rtc.AudioFrame:
    """One frame of mono int16 samples."""
    return rtc.AudioFrame(samples.tobytes(), sample_rate, 1, len(samples))
