"""Gives a rehearsed call its two ends: a microphone without sound, and a reader of its words."""

from __future__ import annotations

import asyncio

from livekit import rtc
from livekit.agents.voice import io

_RATE = 16000  # what turn detectors and VADs work at: none has to resample, with native code
_FRAME_S = 0.1


class SilentMicrophone(io.AudioInput):
    """Gives silence, as a quiet caller does, in frames of 100 ms, mono at 16 kHz."""

    def __init__(self) -> None:
        super().__init__(label="SilentMicrophone")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(_FRAME_S)
        samples = round(_RATE * _FRAME_S)
        return rtc.AudioFrame(bytes(2 * samples), _RATE, 1, samples)


class RecordingText(io.TextOutput):
    """Keeps the words that a caller would read.

    Attributes:
        pieces: The texts in order, each with the event loop's time when it came, in seconds.
    """

    def __init__(self) -> None:
        super().__init__(label="RecordingText", next_in_chain=None)
        self.pieces: list[tuple[float, str]] = []

    async def capture_text(self, text: str) -> None:
        """Keep a piece of text."""
        self.pieces.append((asyncio.get_running_loop().time(), str(text)))

    def flush(self) -> None:
        """Do nothing: every piece of text was kept when it came."""

    def since(self, at: float) -> str:
        """Return the words that came since a time of the event loop."""
        return " ".join("".join(text for t, text in self.pieces if t >= at).split())
