"""A caller who speaks by script, and components that hang: for sessions in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    Agent,
    APIConnectOptions,
    RunContext,
    StopResponse,
    function_tool,
    llm,
    stt,
    tts,
    vad,
)
from livekit.agents.voice import io

import lastword
from session.fakes import Call, FakeLLM, FakeTTS, StreamedLLM, clip_of, tone


class Microphone(io.AudioInput):
    """Gives one frame of silence and then none: what the caller does is in the script."""

    def __init__(self) -> None:
        super().__init__(label="Microphone")
        self._given = False

    async def __anext__(self) -> rtc.AudioFrame:
        if self._given:
            await asyncio.Event().wait()
        self._given = True
        return rtc.AudioFrame(bytes(480), 24000, 1, 240)


class ScriptedVAD(vad.VAD):
    """Hears what `Talk` says that it hears."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.1))
        self.events: asyncio.Queue[vad.VADEvent] = asyncio.Queue()

    def stream(self) -> vad.VADStream:
        return _Activity(self)


class _Activity(vad.VADStream):
    async def _main_task(self) -> None:
        scripted = self._vad
        assert isinstance(scripted, ScriptedVAD)
        while True:
            self._event_ch.send_nowait(await scripted.events.get())


class ScriptedSTT(stt.STT):
    """Understands what `Talk` says that it understands."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.events: asyncio.Queue[stt.SpeechEvent] = asyncio.Queue()

    async def _recognize_impl(self, *_: Any, **__: Any) -> stt.SpeechEvent:
        raise NotImplementedError

    def stream(
        self,
        *,
        language: Any = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        return _Hearing(stt=self, conn_options=conn_options)


class _Hearing(stt.RecognizeStream):
    async def _run(self) -> None:
        scripted = self._stt
        assert isinstance(scripted, ScriptedSTT)
        while True:
            self._event_ch.send_nowait(await scripted.events.get())


class _Answer(llm.LLMStream):
    async def _run(self) -> None:
        slow = self._llm
        assert isinstance(slow, SlowLLM)
        slow.attempts += 1
        seconds, text = slow.answers[min(slow.attempts, len(slow.answers)) - 1]
        await asyncio.sleep(seconds)
        if text.startswith("{"):
            call = llm.FunctionToolCall(
                name=text[1:-1], arguments="{}", call_id=f"c{slow.attempts}"
            )
            delta = llm.ChoiceDelta(role="assistant", tool_calls=[call])
        else:
            delta = llm.ChoiceDelta(role="assistant", content=text)
        if text:
            self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))


class SlowLLM(StreamedLLM):
    """Answers after some time, with a text, a call of a tool, or nothing; or never.

    Args:
        answers: One per request, the last for all further ones: seconds until the answer, and the
            text, or the name of a tool in braces, "{look}".
    """

    streams = _Answer

    def __init__(self, *answers: tuple[float, str]) -> None:
        super().__init__()
        self.answers = list(answers)


NEVER_S = 1e5


def hung_llm() -> SlowLLM:
    """Make one that never answers."""
    return SlowLLM((NEVER_S, ""))


class StallingTTS(FakeTTS):
    """Speaks for a second, and then gives nothing, or near silence, for ever."""

    def __init__(self, *, near_zero: bool = False) -> None:
        super().__init__(1.0)
        self.near_zero = near_zero

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _Stalling(tts=self, input_text=text, conn_options=conn_options)


class _Stalling(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        stalling = self._tts
        assert isinstance(stalling, StallingTTS)
        output_emitter.initialize(
            request_id="1", sample_rate=24000, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(tone(1.0).tobytes())
        while stalling.near_zero:
            output_emitter.push((tone(1.0) // 1000).tobytes())
            await asyncio.sleep(1.0)
        await asyncio.sleep(NEVER_S)


class ToolAgent(Agent):
    """Has a tool that takes some time, and may say something while it runs.

    Attributes:
        ended: When the tool ended, each time.
        released: Ends it: a session does not close before its tools have ended.
    """

    def __init__(self, seconds: float, *, says: bool = False) -> None:
        super().__init__(instructions="test")
        self.seconds = seconds
        self.says = says
        self.ended: list[float] = []
        self.released = asyncio.Event()

    @function_tool
    async def look(self, context: RunContext[Any]) -> str:
        """Look something up."""
        if self.says:
            context.session.say("Let me look that up.")
        try:
            await asyncio.wait_for(self.released.wait(), self.seconds)
        except asyncio.TimeoutError:
            pass  # that is how long it takes
        finally:
            self.ended.append(asyncio.get_running_loop().time())
        return "42"


class TurnAgent(Agent):
    """Takes some time over each turn of the caller, or leaves it unanswered on purpose."""

    def __init__(self, seconds: float = 0.0, *, stops: bool = False) -> None:
        super().__init__(instructions="test")
        self.seconds = seconds
        self.stops = stops

    async def on_user_turn_completed(self, *_: Any, **__: Any) -> None:
        await asyncio.sleep(self.seconds)
        if self.stops:
            raise StopResponse


@dataclass
class Talk:
    """A call whose caller speaks by script.

    Attributes:
        silent_since: When the caller stopped to speak last, or asked in writing.
    """

    call: Call
    last_word: lastword.LastWord
    vad: ScriptedVAD
    stt: ScriptedSTT
    silent_since: float = 0.0
    errors: list[Any] = field(default_factory=list)

    @classmethod
    async def start(
        cls, silence: lastword.Silence | None = None, *, attach: Any = None, **options: Any
    ) -> Talk:
        """Start the call, its last word attached."""
        ears, words = ScriptedVAD(), ScriptedSTT()
        attached: list[lastword.LastWord] = []
        errors: list[Any] = []

        def before(call: Call) -> None:
            call.session.input.audio = Microphone()
            given = {"silence": silence or lastword.Silence(), **(attach or {})}
            attached.append(lastword.attach(call.session, clip_of(1.0), **given))
            call.session.on("error", errors.append)

        options.setdefault("llm", FakeLLM(lambda: "Hello there."))
        options.setdefault("tts", FakeTTS(1.0))
        options.setdefault("stt", words)
        call = await Call.start(
            before_start=before,
            vad=ears,
            min_endpointing_delay=0.3,
            max_endpointing_delay=1.0,
            **options,
        )
        return cls(call, attached[0], ears, words, errors=errors)

    async def says(self, text: str = "hello", seconds: float = 1.0, *, final: bool = True) -> None:
        """Let the caller say something; without a text it is noise."""
        self._vad_event(vad.VADEventType.START_OF_SPEECH, speaking=True)
        await asyncio.sleep(seconds)
        self._vad_event(vad.VADEventType.END_OF_SPEECH, speaking=False)
        self.silent_since = asyncio.get_running_loop().time()
        await asyncio.sleep(0.2)
        if text:
            data = stt.SpeechData(language="en", text=text)  # type: ignore[arg-type, unused-ignore]
            kinds = stt.SpeechEventType
            kind = kinds.FINAL_TRANSCRIPT if final else kinds.INTERIM_TRANSCRIPT
            self.stt.events.put_nowait(stt.SpeechEvent(kind, alternatives=[data]))

    def asks(self, **options: Any) -> None:
        """Let the caller ask in writing."""
        self.silent_since = asyncio.get_running_loop().time()
        self.call.session.generate_reply(**(options or {"user_input": "hello"}))

    def _vad_event(self, kind: vad.VADEventType, *, speaking: bool) -> None:
        self.vad.events.put_nowait(
            vad.VADEvent(
                type=kind,
                samples_index=0,
                timestamp=0.0,
                speech_duration=0.5,
                silence_duration=0.0 if speaking else 0.5,
                speaking=speaking,
                raw_accumulated_speech=0.5,
            )
        )

    @property
    def given_up(self) -> list[Any]:
        """The failures by silence that were announced."""
        found = [lastword.classify(event) for event in self.errors]
        return [f for f in found if f.kind is lastword.FailureKind.DEAD_AIR]

    async def wait(self, seconds: float) -> None:
        """Let time go by."""
        await asyncio.sleep(seconds)

    async def end(self) -> None:
        """Hang up, unless the last words have been said."""
        if not self.call.closed.is_set():
            await self.call.session.aclose()
        await self.last_word.settled()
