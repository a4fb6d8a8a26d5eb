"""One call as a thing to hold: led, waited for, listened to; in virtual time where asked."""

from __future__ import annotations

import asyncio
import socket
import time
import wave
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent, AgentSession, function_tool, inference, llm, tts

import lastword
from failure.providers import KEY
from failure.rehearsal import Mouth
from lastword.testing import Gateway, RecordingSink, StallingSink, quota_exceeded, rehearse, says
from lastword.testing import virtual_time as in_virtual_time
from lastword.testing.faults import hangs

if TYPE_CHECKING:
    from pathlib import Path

    from lastword.testing.exceptions import Part

WORDS = "Sorry, we have to end this call."


def made(llm: object = None, host: str = "[::1]:1") -> AgentSession[Any]:
    """A session of real components that nobody asks."""
    account = {"api_key": "devkey", "api_secret": KEY}
    gateway: dict[str, Any] = {**account, "base_url": f"http://{host}"}
    session: AgentSession[Any] = AgentSession(
        llm=llm or inference.LLM("openai/gpt-4o-mini", **gateway),  # type: ignore[arg-type]
        stt=inference.STT("deepgram/nova-3", **gateway),
        tts=inference.TTS("cartesia/sonic-3", **gateway),
    )
    lastword.attach(session, WORDS)
    return session


async def test_a_call_with_stand_ins_asks_nobody() -> None:
    """The agent answers and speaks, its words are rendered, and the last ones are heard."""
    async with rehearse(made, stand_ins=True, virtual_time=True) as call:
        await call.says("hello?")
        await call.state("speaking")
        await call.state("listening")
        assert call.heard.transcript == call.reply.text
        assert call.heard.sound_s == pytest.approx(3.5, abs=0.2)
        assert 0.05 < call.silence_s < 0.5  # livekit-agents 1.4 waits for a sentence
        call.break_component("llm", with_="quota_exhausted")
        await call.says("and?")
        failure = await call.failed()
        report = await call.closed()
    assert failure.kind == lastword.FailureKind.QUOTA_EXHAUSTED
    assert report is not None
    assert (report.played, report.source, report.transcript) == ("full", "own_voice", WORDS)
    assert call.report == report
    assert call.heard_last.transcript == WORDS
    names = [(event.name, event.detail) for event in call.events]
    assert names[-1] == ("close", "error")
    assert ("broken", "llm: quota_exhausted") in names
    assert ("error", "llm: quota_exhausted") in names
    assert ("caller", "and?") in names


async def test_a_call_with_stand_ins_looks_no_provider_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even to connect ahead of the work; without stand-ins components do."""
    looked_up: list[object] = []
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def refuse(host: object, *_: object, **__: object) -> list[Any]:
        looked_up.append(host)
        loop.call_soon_threadsafe(begun.set)
        raise socket.gaierror(socket.EAI_NONAME, "no name is known here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    def at_a_name() -> AgentSession[Any]:
        return made(host="provider.invalid")

    own = tts.TTS.prewarm, inference.TTS.prewarm
    async with rehearse(at_a_name, stand_ins=True) as call:
        await call.says("hello?")
        await call.state("speaking")
    assert looked_up == []
    assert (tts.TTS.prewarm, inference.TTS.prewarm) == own
    async with rehearse(at_a_name):
        await asyncio.wait_for(begun.wait(), 10)
    assert "provider.invalid" in map(str, looked_up)


@pytest.mark.parametrize("part", ["llm", "tts", "stt"])
async def test_what_runs_is_broken_in_the_middle(part: Part) -> None:
    """While the agent speaks."""
    async with rehearse(made, stand_ins=True, virtual_time=True) as call:
        call.reply.word_s = 0.3
        await call.says("hello?")
        await call.state("speaking")
        await call.sleep(0.5)
        call.break_component(part, with_="auth")
        assert (await call.failed()).component == part
        report = await call.closed()
    assert report is not None
    assert report.played == "full"


async def test_a_tool_is_called() -> None:
    """By the stand-in of the LLM, as the user's own would."""
    called = asyncio.Event()

    class WithTool(Agent):
        @function_tool
        async def look_up(self) -> str:
            """Look something up."""
            called.set()
            return "found"

    async with rehearse(
        made, agent=WithTool(instructions="test"), stand_ins=True, virtual_time=True
    ) as call:
        call.reply.tool = "look_up"
        await call.says("hello?")
        await call.state("speaking")
        assert called.is_set()


async def test_a_minute_of_silence_takes_no_minute() -> None:
    """The clock jumps; what was waited for is told when it does not come."""
    begin = time.monotonic()
    async with rehearse(made, stand_ins=True, virtual_time=True) as call:
        call.break_component("llm", with_=hangs())
        await call.says("hello?")
        with pytest.raises(TimeoutError, match=r"expected the session to be closed within 20 s"):
            await call.closed(within_s=20)
        assert call.silence_s >= 20
        report = await call.closed()
    assert report is not None
    assert report.failure.kind == lastword.FailureKind.DEAD_AIR
    assert report.played == "full"
    assert time.monotonic() - begin < 30


async def test_a_scripted_provider_is_rehearsed_in_real_time() -> None:
    """Without stand-ins the user's component asks whom it was told to."""
    async with Gateway() as gateway:
        gateway.script("/v1/chat/completions", says("Hello."), quota_exceeded())
        real = inference.LLM(
            "openai/gpt-4o-mini", base_url=gateway.url + "/v1", api_key="devkey", api_secret=KEY
        )

        def session() -> AgentSession[Any]:
            made: AgentSession[Any] = AgentSession(llm=real, tts=Mouth(None))
            lastword.attach(made, lastword.bundled())
            return made

        async with rehearse(session) as call:
            await call.says("hello?")
            await call.state("speaking")
            await call.state("listening")
            assert call.heard.transcript == "Hello."
            await call.says("and?")
            assert (await call.failed()).quota is not None
            await call.closed()
        assert gateway.asked("/v1/chat/completions") == 2


async def test_what_was_heard_can_be_kept(tmp_path: Path) -> None:
    """As a WAV, from the failure on."""
    async with rehearse(made, stand_ins=True, virtual_time=True) as call:
        call.break_component("llm", with_="auth")
        await call.says("hello?")
        await call.closed()
        heard = call.heard_last
    heard.write_wav(tmp_path / "heard.wav")
    with wave.open(str(tmp_path / "heard.wav")) as file:
        assert file.getnframes() == len(heard.samples)
    assert heard.sound_s > 1.0
    assert f"heard {heard.sound_s:.1f} s of sound" in call.told()


async def test_a_factory_may_take_its_time_and_bring_its_agent() -> None:
    """A coroutine function, that returns both."""
    agent = Agent(instructions="mine")

    async def later() -> tuple[AgentSession[Any], Agent]:
        return made(), agent

    async with rehearse(later, stand_ins=True, virtual_time=True) as call:
        assert call.session.current_agent is agent


async def test_what_is_no_session_is_told() -> None:
    """With what came instead."""
    with pytest.raises(TypeError, match="AgentSession"):
        async with rehearse(lambda: 5):  # type: ignore[arg-type,return-value]
            pass


async def test_the_clock_goes_back() -> None:
    """What was virtual is real again, threads were waited for meanwhile."""
    loop = asyncio.get_running_loop()
    before = loop.time()
    with in_virtual_time():
        work = loop.run_in_executor(None, time.sleep, 0.05)
        await asyncio.wait_for(work, 0.01)  # a thread's time does not count
        await asyncio.sleep(600)
        assert loop.time() - before >= 600
    assert loop.time() - before < 60


async def test_a_stalling_sink_takes_some_frames() -> None:
    """And the last word finds another way, or says that there was none."""
    async with rehearse(made, stand_ins=True, virtual_time=True) as call:
        call.session.output.audio = StallingSink(3)
        call.break_component("llm", with_="auth")
        await call.says("hello?")
        report = await call.closed()
    assert report is not None
    assert report.played != "full"


class Model(llm.RealtimeModel):
    """A realtime model whose provider may not be asked."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=llm.RealtimeCapabilities(
                message_truncation=False,
                turn_detection=True,
                user_transcription=False,
                auto_tool_reply_generation=False,
                audio_output=True,
                manual_function_calls=False,
            )
        )

    def session(self, **_: Any) -> llm.RealtimeSession[Any]:
        raise AssertionError("the provider was asked")

    async def aclose(self) -> None: ...


async def test_a_realtime_model_has_a_stand_in() -> None:
    """It replies, and breaks."""
    async with rehearse(lambda: made(llm=Model()), stand_ins=True, virtual_time=True) as call:
        await call.says("hello?")
        await call.state("speaking")
        await call.state("listening")
        assert call.heard.sound_s == pytest.approx(3.5, abs=0.2)
        call.break_component("realtime", with_="quota_exhausted")
        failure = await call.failed()
        report = await call.closed()
    assert (failure.component, failure.terminal) == ("realtime", True)
    assert report is not None
    assert report.played == "full"
    assert isinstance(call.sink, RecordingSink)
