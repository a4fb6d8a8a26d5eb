"""Measures a sound file for people who inspect one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .decode import decode_exact
from .limits import DEFAULT_LIMITS
from .loudness import integrated_loudness, sounding_range
from .resample import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .source import Encoded

PLAYED_RATE = 24000
"""Rate of a LiveKit room's output by default, in Hz."""

ENVELOPE_COLUMNS = 60

_FULL_SCALE = 32767 / 32768  # what 16 bits hold at most


@dataclass(frozen=True)
class Measurement:
    """A sound file in numbers.

    Attributes:
        format: The container and the coding of the samples, as the decoder names them.
        sample_rate: In Hz.
        num_channels: In the file.
        duration_s: In seconds.
        loudness_lufs: Integrated loudness (EBU R 128), or None for silence.
        peak_dbfs: The loudest sample, or None for silence.
        silence_before_s: Silence before the sound begins.
        silence_after_s: Silence after the sound ends.
        full_scale_samples: Samples of the file at or beyond what 16 bits can hold: most likely
            clipped.
        saturated_samples: Samples that exceed 16 bits when played at 24 kHz mono.
        played_samples: Length at 24 kHz, without the padding of the last frame.
        envelope: Peaks of consecutive equal sections of the sound, 0.0 to 1.0.
    """

    format: str
    sample_rate: int
    num_channels: int
    duration_s: float
    loudness_lufs: float | None
    peak_dbfs: float | None
    silence_before_s: float
    silence_after_s: float
    full_scale_samples: int
    saturated_samples: int
    played_samples: int
    envelope: list[float]


def measure(source: Encoded) -> Measurement:
    """Measure a sound file.

    Args:
        source: As for `Clip.load`.

    Returns:
        The measurement.

    Raises:
        ClipError: It is not a sound that can be played.
    """
    recording = decode_exact(source, DEFAULT_LIMITS)
    samples, rate = recording.to_float(), recording.sample_rate
    level = np.abs(samples).max(axis=1)
    start, stop = sounding_range(samples)
    played = resample(samples.mean(axis=1, dtype=np.float32), rate, PLAYED_RATE)
    loudness = integrated_loudness(samples, rate)
    peak = float(level.max())
    return Measurement(
        format=recording.format,
        sample_rate=rate,
        num_channels=samples.shape[1],
        duration_s=len(samples) / rate,
        loudness_lufs=None if math.isinf(loudness) else loudness,
        peak_dbfs=None if peak == 0.0 else 20 * math.log10(peak),
        silence_before_s=start / rate,
        silence_after_s=(len(samples) - stop) / rate,
        full_scale_samples=int(np.count_nonzero(np.abs(samples) >= _FULL_SCALE)),
        saturated_samples=int(np.count_nonzero((played >= 1.0) | (played < -1.0))),
        played_samples=len(played),
        envelope=_envelope(level),
    )


def _envelope(level: NDArray[np.float32]) -> list[float]:
    parts = np.array_split(level, min(ENVELOPE_COLUMNS, len(level)))
    return [min(float(part.max()), 1.0) for part in parts]
