"""Real plugins understand what a scripted TTS or STT answers when it is well."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import stt, tts

from failure.providers import PLUGINS
from failure.rehearsal import job_http
from lastword.testing import Gateway, hears, speaks

TTS = ["openai tts", "livekit tts", "deepgram tts", "elevenlabs tts", "cartesia tts"]
ONCE = ["deepgram tts once", "cartesia tts once"]
STT = ["livekit stt", "deepgram stt", "elevenlabs stt", "cartesia stt", "assemblyai stt"]


@pytest.mark.parametrize("name", [*TTS, *ONCE])
async def test_a_tone_is_heard(name: str) -> None:
    """One second of it, at the rate that was asked for."""
    plugin = PLUGINS[name]
    async with job_http(), Gateway() as gateway:
        gateway.script(plugin.path, speaks(1.0))
        voice: tts.TTS[Any] = plugin.make(gateway)
        if voice.capabilities.streaming:
            async with voice.stream() as stream:
                stream.push_text("Good morning to you.")
                stream.end_input()
                frames = [event.frame async for event in stream]
        else:
            async with voice.synthesize("Good morning to you.") as once:
                frames = [event.frame async for event in once]
        await voice.aclose()
    assert sum(frame.duration for frame in frames) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("name", STT)
async def test_words_are_understood(name: str) -> None:
    """After something was heard."""
    plugin = PLUGINS[name]
    frame = rtc.AudioFrame(bytes(2 * 800), 16000, 1, 800)
    async with job_http(), Gateway() as gateway:
        gateway.script(plugin.path, hears("good morning"))
        ear: stt.STT[Any] = plugin.make(gateway)
        stream = ear.stream()

        async def talk() -> None:
            while True:
                stream.push_frame(frame)
                await asyncio.sleep(0.01)

        async def understood() -> str:
            async for event in stream:
                if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                    return event.alternatives[0].text
            raise AssertionError("the stream ended")

        talking = asyncio.create_task(talk())
        try:
            text = await asyncio.wait_for(understood(), 30)
        finally:
            talking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await talking
            await stream.aclose()
            await ear.aclose()
    assert text == "good morning"
