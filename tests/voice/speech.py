"""What a scripted TTS provider answers, and the real plugin that asks it."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lastword.testing.gateway import Answer, status

if TYPE_CHECKING:
    from livekit.agents import tts
    from livekit.plugins import openai

RATE = 24000
SPEECH = "/v1/audio/speech"

made: list[tts.TTS] = []


def spoken(length_s: float = 1.0, *, silence_s: float = 0.3) -> Answer:
    """Answer a TTS request with a quiet tone between two silences, as a WAV file."""
    turns = 440.0 * np.arange(round(length_s * RATE)) / RATE
    tone = np.round(2000 * np.sin(2 * np.pi * turns)).astype("<i2")
    silence = np.zeros(round(silence_s * RATE), "<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setframerate(RATE)
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.writeframes(b"".join(part.tobytes() for part in (silence, tone, silence)))
    return status(200, file.getvalue(), content_type="audio/wav")


def openai_tts(url: str, *, key: str = "sk-secret-of-the-test", voice: str = "ash") -> openai.TTS:
    """The real plugin, pointed at a provider of ours; closed by the folder's fixture."""
    plugin = pytest.importorskip("livekit.plugins.openai", reason="none fits this pre-release")
    tts = plugin.TTS(
        base_url=url + "/v1", api_key=key, model="tts-1", voice=voice, response_format="wav"
    )
    made.append(tts)
    return tts
