"""Keeps what a caller hears in a room, with the time of its arrival."""

from __future__ import annotations

import wave
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pathlib import Path

Samples = npt.NDArray[np.float32]
RATE = 24_000  # Hz, RoomIO's own rate
QUIET = 0.02  # a peak below -34 dBFS is codec noise, not a sound played at -6 dBFS


@dataclass
class Recording:
    """What came over one track, with the clock of its arrival.

    WebRTC delivers 10 ms all the time, silence too, so the place in the recording and the clock run
    together; where they part (a cut network), `at` follows the frames' own times.
    """

    frames: list[tuple[float, Samples]] = field(default_factory=list)
    loud_at: float | None = None
    """When anything louder than codec noise arrived last."""

    def add(self, at: float, samples: Samples) -> None:
        """Keep what arrived at a moment."""
        self.frames.append((at, samples))
        if np.abs(samples).max() >= QUIET:
            self.loud_at = at

    def forget(self) -> None:
        """Drop what came so far."""
        self.frames.clear()
        self.loud_at = None

    def samples(self) -> Samples:
        """All of it, (samples,) float32 at 24 kHz."""
        if not self.frames:
            return np.zeros(0, np.float32)
        return np.concatenate([samples for _, samples in self.frames])

    def since(self, moment: float) -> Samples:
        """What arrived from a moment of `time.monotonic()` on, silence up to the first of it."""
        frames = [(at, samples) for at, samples in self.frames if at >= moment]
        if not frames:
            return np.zeros(0, np.float32)
        waited = np.zeros(round((frames[0][0] - moment) * RATE), np.float32)
        return np.concatenate([waited, *(samples for _, samples in frames)])

    def at(self, position_s: float) -> float:
        """When the sound at this place arrived, in seconds of `time.monotonic()`."""
        left = round(position_s * RATE)
        for arrived, samples in self.frames:
            left -= len(samples)
            if left < 0:
                return arrived + left / RATE  # a frame comes when its last sample is there
        raise IndexError(f"the recording is shorter than {position_s:.3f} s")

    def write_wav(self, path: Path) -> None:
        """Write it as 16-bit mono WAV."""
        pcm = np.clip(np.rint(self.samples() * 32768), -32768, 32767).astype("<i2")
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(pcm.tobytes())


def loud_span(recording: Samples) -> tuple[float, float] | None:
    """Return the first and last second with more than codec noise, or None if there is none."""
    loud = np.flatnonzero(np.abs(recording) > 2 * QUIET)
    return (int(loud[0]) / RATE, (int(loud[-1]) + 1) / RATE) if loud.size else None
