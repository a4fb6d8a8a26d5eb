"""States of sound and speech: stereo, a recording, turns by hand, a realtime model, avatars."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, llm
from livekit.agents.voice.avatar import DataStreamAudioOutput

import lastword
from lastword.testing.sink import RecordingSink
from session.fakes import Call, FakeTTS, clip_of, out_of_credits, tone
from session.scenario import CLIP_S, TAIL_S, Scenario
from session.virtual_time import run_virtual


def test_a_stereo_clip_of_44_1_khz() -> None:
    """It is mixed and resampled before the call: what the sink gets fits it exactly."""
    left = tone(CLIP_S, 44100, 880.0).astype(np.float32) / 32768
    clip = lastword.Clip.load((np.stack([left, left], axis=1), 44100), transcript="words")

    async def main() -> None:
        s = await Scenario.start()
        s.last_word.detach()
        s.last_word = lastword.attach(s.session, clip)
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S, listens=False)
        assert s.call.sink is not None
        heard = s.call.sink.heard[: 24000 * int(CLIP_S)].astype(float)
        spectrum = np.abs(np.fft.rfft(heard))
        assert np.argmax(spectrum) == pytest.approx(880.0 * CLIP_S, abs=1)

    run_virtual(main())


@pytest.mark.parametrize("when_s", [-0.5, 0.3], ids=["before", "during"])
def test_the_caller_speaks(when_s: float) -> None:
    """The caller speaks before or during the message: it is heard in full, at once."""

    async def main() -> None:
        s = await Scenario.start()
        if when_s < 0:
            s.session._update_user_state("speaking")
            await asyncio.sleep(-when_s)
            s.fail()
        else:
            s.fail()
            await asyncio.sleep(when_s)
            s.session._update_user_state("speaking")
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_turns_by_hand() -> None:
    """Push-to-talk: the caller's turn is committed by the application."""

    async def main() -> None:
        s = await Scenario.start(turn_detection="manual")
        s.fail()
        await asyncio.sleep(0.3)
        s.session.clear_user_turn()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


class Silent(Agent):
    """An agent with nothing to say."""

    def __init__(self) -> None:
        super().__init__(instructions="test")


class FakeRealtime(llm.RealtimeModel):
    """A realtime model whose session does nothing until it is told to fail."""

    def __init__(self) -> None:
        wanted = inspect.signature(llm.RealtimeCapabilities).parameters
        given = dict.fromkeys(
            [n for n, p in wanted.items() if p.default is inspect.Parameter.empty], False
        )
        super().__init__(capabilities=llm.RealtimeCapabilities(**{**given, "turn_detection": True}))
        self.sessions: list[FakeRealtimeSession] = []

    def session(self, **_: Any) -> llm.RealtimeSession:
        self.sessions.append(FakeRealtimeSession(self))
        return self.sessions[-1]

    async def aclose(self) -> None:
        """Nothing to close."""


class FakeRealtimeSession(llm.RealtimeSession):
    """Takes everything and answers nothing."""

    def __init__(self, model: FakeRealtime) -> None:
        super().__init__(model)
        self.replies = 0

    @property
    def chat_ctx(self) -> llm.ChatContext:
        return llm.ChatContext.empty()

    @property
    def tools(self) -> llm.ToolContext:
        return llm.ToolContext.empty()

    async def update_instructions(self, instructions: str) -> None:
        """Taken."""

    async def update_chat_ctx(self, *_: Any, **__: Any) -> None:
        """Taken."""

    async def update_tools(self, tools: Any) -> None:
        """Taken."""

    def update_options(self, **_: Any) -> None:
        """Taken."""

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        """Taken."""

    def push_video(self, frame: rtc.VideoFrame) -> None:
        """Taken."""

    def generate_reply(self, **_: Any) -> asyncio.Future[Any]:
        self.replies += 1
        return asyncio.get_running_loop().create_future()

    def commit_audio(self) -> None:
        """Taken."""

    def clear_audio(self) -> None:
        """Taken."""

    def interrupt(self) -> None:
        """Taken."""

    def truncate(self, **_: Any) -> None:
        """Taken."""

    async def aclose(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("barges_in", [False, True])
def test_a_realtime_model(barges_in: bool) -> None:
    """A realtime model fails for good; a barge-in that its server detects cuts nothing."""

    async def main() -> None:
        model = FakeRealtime()
        s = await Scenario.start(llm=model, tts=FakeTTS(1.0))
        realtime = model.sessions[0]
        realtime.emit(
            "error",
            llm.RealtimeModelError(
                timestamp=0, label="", error=out_of_credits(), recoverable=False
            ),
        )
        if barges_in:
            await asyncio.sleep(0.3)
            realtime.emit("input_speech_started", llm.InputSpeechStartedEvent())
            await asyncio.sleep(0.1)
            ended = llm.InputSpeechStoppedEvent(user_transcription_enabled=False)
            realtime.emit("input_speech_stopped", ended)
        report = await s.closed()
        assert report.failure.component == "realtime"
        s.check(close_s=CLIP_S + TAIL_S)
        assert realtime.replies == 0

    run_virtual(main())


class EmptyRoom(rtc.EventEmitter[str]):
    """A room that is connected and where the avatar never arrives."""

    name = "room"
    remote_participants: dict[str, Any] = {}  # noqa: RUF012 - a fake
    local_participant = None

    def isconnected(self) -> bool:
        return False


def test_an_avatar_that_never_joins() -> None:
    """An output that waits for its avatar for ever is given up in bounded time."""

    async def main() -> None:
        call = await Call.start(llm=None)
        room: Any = EmptyRoom()
        call.session.output.audio = DataStreamAudioOutput(room, destination_identity="avatar")
        last_word = lastword.attach(call.session, clip_of(CLIP_S))
        s = Scenario(call, last_word)
        s.session._on_error(
            llm.LLMError(timestamp=0, label="", error=out_of_credits(), recoverable=False)
        )
        s.call.note("error")
        report = await s.closed()
        assert report.played == "none"
        assert report.ways_tried == ("say", "direct")
        assert len(call.closes) == 1
        assert report.close_s < 3.0 + CLIP_S + TAIL_S + 1.0 + 9.0

    run_virtual(main())


async def test_a_recording_holds_the_message() -> None:
    """A session that is being recorded: the message is heard, and the close is not held up."""
    session: AgentSession[Any] = AgentSession()
    session.output.audio = sink = RecordingSink()
    last_word = lastword.attach(session, clip_of(0.4))
    closed = asyncio.Event()
    session.on("close", lambda _: closed.set())
    options = {"record": True} if "record" in inspect.signature(session.start).parameters else {}
    await session.start(Silent(), **options)
    session._on_error(
        llm.LLMError(timestamp=0, label="", error=out_of_credits(), recoverable=False)
    )
    await asyncio.wait_for(closed.wait(), 15)
    report = await last_word.settled()
    assert report is not None
    assert report.played == "full"
    assert sink.heard_s == pytest.approx(0.4, abs=0.06)
