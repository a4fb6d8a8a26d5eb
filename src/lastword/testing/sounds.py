"""Makes the sounds of stand-ins and scripted providers."""

from __future__ import annotations

import os
import wave
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def tone(seconds: float, sample_rate: int, num_channels: int = 1) -> NDArray[np.int16]:
    """Return a tone of 440 Hz at -12 dBFS; shape (samples * channels,)."""
    time_s = np.arange(round(seconds * sample_rate)) / sample_rate
    mono = np.round(8000 * np.sin(2 * np.pi * 440 * time_s)).astype(np.int16)
    return np.repeat(mono, num_channels)


def write_wav(
    file: str | os.PathLike[str] | BinaryIO,
    samples: NDArray[np.int16],
    sample_rate: int,
    num_channels: int = 1,
) -> None:
    """Write samples as a WAV file.

    Args:
        file: The path, or a file opened in binary mode.
        samples: (samples * channels,), interleaved.
        sample_rate: In Hz.
        num_channels: How many channels are interleaved.
    """
    with wave.open(os.fspath(file) if isinstance(file, os.PathLike) else file, "wb") as out:
        out.setnchannels(num_channels)
        out.setsampwidth(2)
        out.setframerate(sample_rate)
        out.writeframes(samples.astype("<i2").tobytes())
