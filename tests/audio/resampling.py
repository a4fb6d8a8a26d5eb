"""What the tests of the resampler share: ratios, sounds, measurements, and every tolerance."""

from __future__ import annotations

import functools
import itertools
import re
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import soxr

from lastword.audio import _native

CPU_FLAGS = {"avx2": {"avx2", "fma"}, "avx512": {"avx512f", "avx512dq", "avx512bw", "avx512vl"}}
"""Path -> what the kernel calls the instructions that it needs beside those of the paths before."""

Sample = TypeVar("Sample", bound=np.float32 | np.int16)
Floats = npt.NDArray[np.float32]
Int16s = npt.NDArray[np.int16]
Doubles = npt.NDArray[np.float64]

# The ratios a voice agent meets, in Hz.
VOICE_RATIOS = [
    (8000, 24000), (16000, 24000), (22050, 24000), (32000, 24000), (44100, 24000),
    (48000, 24000), (24000, 48000), (44100, 48000), (48000, 16000),
]  # fmt: skip
# Ratios of no two transforms of sensible size: in two stages, by way of a rate between.
AWKWARD_RATIOS = [(47999, 24000), (24000, 47999), (11000, 24000), (48000, 8001), (13, 11)]
# One stage, but large factors or distances.
FAR_RATIOS = [(11025, 48000), (8000, 44100), (44100, 8000), (96000, 11025), (256, 1), (1, 256)]

# Against direct convolution in doubles, white noise of RMS 0.2 (peaks of 0.9). Rounding of
# transforms of 4096 points in 32-bit floats makes up to 2.5e-7, the stop band of 140 dB less.
DIRECT_ERROR = 5e-7
# Two stages round twice, and the cubics between 128 phases are off by 1e-8 of a tap: 5e-7 was seen.
AWKWARD_ERROR = 1e-6
# Of int16 output: rounding, and where a value lies at the middle between two steps, either one.
INT16_STEPS = 1
# Between two instruction sets, RMS over the sound: each rounds at -138 dBFS in an order of its own.
PATHS_DBFS = -130.0
# Pass band, up to 0.913 of the lower Nyquist frequency. The filter ripples by 4e-6 dB, which the
# noise floor of the measurement about doubles.
PASS_BAND_DB = 1e-4
# Delay of a tone at 0.3 of the lower Nyquist frequency, in microseconds: what a noise of -135 dB
# shifts its phase by is some 1e-6.
DELAY_US = 1e-4
# Of an alias or image, how much more than soxr HQ leaves of it, in dB; and what the rounding of
# transforms in 32-bit floats leaves of any, where soxr may leave less.
ABOVE_SOXR_DB = 1.0
ROUNDING_DB = -138.0
# Worst residue of a tone through an awkward ratio; soxr HQ leaves -111 to -126 dB there.
AWKWARD_RESIDUE_DB = -128.0


def paths_of_this_cpu() -> list[str]:
    """What the resampler is to have here, by what the kernel of Linux says of the CPU."""
    named = re.search(r"^flags\s*:(.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    flags = set(named[1].split()) if named else set()
    has = itertools.takewhile(lambda path: CPU_FLAGS[path] <= flags, CPU_FLAGS)
    return ["portable", *has]


def noise(*shape: int) -> Floats:
    """White noise of RMS 0.2, the same in every run."""
    return (np.random.default_rng(7).standard_normal(shape) * 0.2).astype(np.float32)


def as_int16(samples: Floats) -> Int16s:
    """Full scale is 1.0; saturated."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)


def by_path(
    samples: npt.NDArray[Sample], in_rate: int, out_rate: int, path: str
) -> npt.NDArray[Sample]:
    """Resample (samples,) by a named instruction set."""
    resampler = _native.Resampler(in_rate, out_rate, path)
    out: npt.NDArray[Any] = np.empty((resampler.length(len(samples)), 1), samples.dtype)
    run: Any = resampler.run_f32 if samples.dtype == np.float32 else resampler.run_s16
    run(samples[:, np.newaxis], out)
    return out[:, 0]


def by_soxr(samples: Floats, in_rate: int, out_rate: int) -> Floats:
    """The peer, at the quality we compare with."""
    return np.asarray(soxr.resample(samples, in_rate, out_rate, quality="HQ"), np.float32)


# --- measurements on tones -----------------------------------------------------------------------

SECONDS = 2.0
AMPLITUDE = 0.5


def tone(frequency: float, rate: int) -> Floats:
    """A sine of SECONDS at half of full scale."""
    times = np.arange(int(SECONDS * rate)) / rate
    return (AMPLITUDE * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def middle(samples: Floats, rate: int) -> tuple[Doubles, Doubles]:
    """(times in s, samples) without the first and the last third, where the ends are heard."""
    third = len(samples) // 3
    kept = np.arange(third, len(samples) - third)
    return kept / rate, samples[kept].astype(np.float64)


def fit(samples: Floats, rate: int, frequency: float) -> tuple[complex, float]:
    """The sine of `frequency` in a sound: its complex amplitude, and the RMS of all the rest."""
    times, values = middle(samples, rate)
    angles = 2 * np.pi * frequency * times
    basis = np.stack([np.sin(angles), np.cos(angles), np.ones_like(angles)], axis=1)
    (sine, cosine, _), *_ = np.linalg.lstsq(basis, values, rcond=None)
    rest = values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0]
    return complex(sine, cosine), float(np.sqrt(np.mean(rest**2)))


def decibels(ratio: float) -> float:
    """20 log10, with a floor."""
    return float(20 * np.log10(max(ratio, 1e-15)))


def residue_db(samples: Floats, rate: int, frequency: float) -> float:
    """THD+N: everything but the tone, relative to it."""
    amplitude, rest = fit(samples, rate, frequency)
    return decibels(rest / (abs(amplitude) / np.sqrt(2)))


def level_db(samples: Floats, rate: int) -> float:
    """RMS relative to that of a `tone`."""
    _, values = middle(samples, rate)
    return decibels(float(np.sqrt(np.mean(values**2))) / (AMPLITUDE / np.sqrt(2)))


@functools.cache
def _window(length: int) -> Doubles:
    return np.asarray(np.kaiser(length, 24))


def images_db(samples: Floats, rate: int, above: float) -> float:
    """The largest spectral line above a frequency, relative to a `tone`."""
    _, values = middle(samples, rate)
    window = _window(len(values))
    lines = np.abs(np.fft.rfft(values * window)) / window.sum() * 2 / AMPLITUDE
    high = lines[np.fft.rfftfreq(len(values), 1 / rate) > above]
    return decibels(float(high.max()))
