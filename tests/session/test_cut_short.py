"""Turns that are heard in part, since the LLM or TTS fails after its first words (virtual time)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import Agent, APIConnectionError, APIConnectOptions, llm, tts

from session.fakes import FakeLLM, FakeTTS, tone
from session.scenario import Scenario
from session.virtual_time import run_virtual

REPLY_S = 0.5


class DyingLLM(FakeLLM):
    """Answers, and loses the connection after its first words as often as it is told to."""

    def __init__(self, times: int) -> None:
        super().__init__(lambda: "Good morning. ")
        self.times = times

    def chat(self, *, chat_ctx: llm.ChatContext, tools: Any = None, **_: Any) -> llm.LLMStream:
        options = APIConnectOptions(max_retry=0)
        return _Dying(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=options)


class _Dying(llm.LLMStream):
    async def _run(self) -> None:
        dying = self._llm
        assert isinstance(dying, DyingLLM)
        delta = llm.ChoiceDelta(role="assistant", content=dying.answer())
        self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))
        await asyncio.sleep(0.1)
        if dying.times > 0:
            dying.times -= 1
            raise APIConnectionError


class DyingTTS(FakeTTS):
    """Speaks, and loses the connection after the first half of each sentence."""

    def synthesize(self, text: str, **_: Any) -> tts.ChunkedStream:
        options = APIConnectOptions(max_retry=0)
        return _DyingSpeech(tts=self, input_text=text, conn_options=options)


class _DyingSpeech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="1", sample_rate=24000, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(tone(REPLY_S).tobytes())
        await asyncio.sleep(0.1)
        raise APIConnectionError


@pytest.mark.parametrize("part", ["llm", "tts"])
def test_a_component_that_dies_after_its_first_words_ends_the_call_at_the_third(part: str) -> None:
    """Each turn is heard in part, which says nothing of the component's health."""

    async def main() -> None:
        dying: Any = {"llm": DyingLLM(99)} if part == "llm" else {"tts": DyingTTS()}
        parts = {"llm": FakeLLM(lambda: "Good morning. "), "tts": FakeTTS(REPLY_S), **dying}
        s = await Scenario.start(agent=Agent(instructions="test"), **parts)
        for turn in range(3):
            assert not s.call.closed.is_set(), turn
            s.session.generate_reply(user_input="hello?")
            await asyncio.sleep(10.0)
        report = await s.last_word.settled()
        assert report is not None
        assert report.failure.component == part
        assert report.played == "full"

    run_virtual(main())


@pytest.mark.parametrize("interrupts", [False, True])
def test_a_whole_turn_between_two_that_die_keeps_the_call(*, interrupts: bool) -> None:
    async def main() -> None:
        model = DyingLLM(2)
        s = await Scenario.start(llm=model, tts=FakeTTS(REPLY_S), agent=Agent(instructions="test"))
        for _ in range(3):
            for _ in range(2):
                s.session.generate_reply(user_input="hello?")
                await asyncio.sleep(10.0)
            s.session.generate_reply(user_input="hello?")
            await asyncio.sleep(0.4 if interrupts else 10.0)
            if interrupts:
                s.session.interrupt()
                await asyncio.sleep(1.0)
            model.times = 2
        assert not s.call.closed.is_set()
        await s.session.aclose()

    run_virtual(main())
