"""Resamples arrays: checks arguments for the compiled resampler. Knows no file, clip or frame."""

from __future__ import annotations

import functools
import math
import os
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from . import _native
from .counts import count

__all__ = ["resample"]

Sample = TypeVar("Sample", bound=np.float32 | np.int16)

# A name of `_native.simd_paths()`: to test or measure a path other than this CPU's best.
SIMD_VARIABLE = "LASTWORD_SIMD"

MONO, MULTI_CHANNEL = 1, 2  # dimensions of an array of samples

# The compiled side holds rates in 32 bits.
MAX_RATE = 2**32 - 1


def resample(samples: npt.NDArray[Sample], in_rate: int, out_rate: int) -> npt.NDArray[Sample]:
    """Change the sample rate of a sound, without delay and without touching its pitch.

    Output sample j is the sound at the time j / out_rate, where input sample i is the time
    i / in_rate. The band up to 0.913 of the lower Nyquist frequency passes within 0.0001 dB;
    nothing above the lower Nyquist frequency passes. Before and after the input is silence.

    Args:
        samples: (samples,) or (samples, channels), float32 or int16, any strides. All values
            must be finite: any other value corrupts the samples around it.
        in_rate: Rate of `samples` in Hz.
        out_rate: Wanted rate in Hz, at most a factor of 256 from `in_rate`.

    Returns:
        A new array of the same dtype and number of dimensions, with
        `(2 * n * out_rate + in_rate) // (2 * in_rate)` samples per channel for n samples. int16 is
        rounded half to even and saturated.

    Raises:
        TypeError: `samples` is not an array of float32 or int16 with one or two dimensions, or a
            rate is not an integer.
        ValueError: A rate is not positive, they are more than a factor of 256 apart, or the
            environment variable LASTWORD_SIMD names no instruction set of this CPU.
    """
    if (
        not isinstance(samples, np.ndarray)
        or samples.dtype not in (np.float32, np.int16)
        or samples.ndim not in (MONO, MULTI_CHANNEL)
    ):
        raise TypeError(
            "samples: expected a float32 or int16 array of shape (samples,) or (samples, channels),"
            f" got {_describe(samples)}; convert it first, for example with samples.astype('f4')"
        )
    in_rate, out_rate = _rate("in_rate", in_rate), _rate("out_rate", out_rate)
    if max(in_rate, out_rate) > _native.MAX_RATIO * min(in_rate, out_rate):
        raise ValueError(
            f"in_rate, out_rate: expected rates at most a factor of {_native.MAX_RATIO} apart, got "
            f"{in_rate} and {out_rate} Hz; check their units, or resample in two steps"
        )
    resampler = resampler_for(in_rate, out_rate)
    if resampler is None:
        return np.array(samples)
    table: npt.NDArray[Any] = np.ascontiguousarray(
        samples[:, np.newaxis] if samples.ndim == MONO else samples
    )
    out: npt.NDArray[Any] = np.empty((resampler.length(len(table)), table.shape[1]), samples.dtype)
    if samples.dtype == np.float32:
        resampler.run_f32(table, out)
    else:
        resampler.run_s16(table, out)
    return out[:, 0] if samples.ndim == MONO else out


def resampler_for(in_rate: int, out_rate: int) -> _native.Resampler | None:
    """Return what changes one rate into another, in Hz; `None` if they are the same."""
    divisor = math.gcd(in_rate, out_rate)
    return None if in_rate == out_rate else _resampler(in_rate // divisor, out_rate // divisor)


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__


def _rate(name: str, value: int) -> int:
    rate = count(name, value, "Hz")
    if not 0 < rate <= MAX_RATE:
        raise ValueError(f"{name}: expected 1 to {MAX_RATE} Hz, got {rate}; give the rate in Hz")
    return rate


# A process uses a handful of ratios; each takes some 100 KB of tables and 0.1 ms to make.
@functools.lru_cache(maxsize=32)
def _resampler(in_rate: int, out_rate: int) -> _native.Resampler:
    wanted, paths = os.environ.get(SIMD_VARIABLE, ""), _native.simd_paths()
    if wanted and wanted not in paths:
        raise ValueError(
            f"{SIMD_VARIABLE}: expected what this CPU has, {' or '.join(paths)}, got {wanted!r}; "
            "unset it to use the best"
        )
    return _native.Resampler(in_rate, out_rate, wanted)
