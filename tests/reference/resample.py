"""The resampler as the sum it stands for: direct convolution in doubles, slow and plain."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

# Kaiser's formula for a stop band of 140 dB.
KAISER_BETA = 0.1102 * (140.0 - 8.7)
# Length of the filter in periods of the lower rate.
PERIODS = 217.9
# The middle of the transition in units of the lower rate; the stop band begins at 0.5.
CUTOFF = 0.5 - 4.74 / PERIODS


def impulse(t: npt.NDArray[np.floating[Any]]) -> Doubles:
    """The filter at times `t` in periods of the lower rate; 0 outside of its support."""
    inside = np.clip(1 - (2 * t / PERIODS) ** 2, 0, None)
    window = np.i0(KAISER_BETA * np.sqrt(inside)) / np.i0(KAISER_BETA) * (inside > 0)
    return np.asarray(2 * CUTOFF * np.sinc(2 * CUTOFF * t) * window)


def length(frames: int, in_rate: int, out_rate: int) -> int:
    """Samples per channel that `frames` become."""
    return (2 * frames * out_rate + in_rate) // (2 * in_rate)


def resample(samples: npt.NDArray[np.generic], in_rate: int, out_rate: int) -> Doubles:
    """Resample (samples,) or (samples, channels) of any real dtype; returns float64."""
    divisor = math.gcd(in_rate, out_rate)
    up, down = out_rate // divisor, in_rate // divisor
    scale = min(1.0, out_rate / in_rate)
    before = math.ceil(PERIODS / 2 / scale)
    around = np.arange(-before, before + 1)
    ends = [(before, before), *[(0, 0)] * (samples.ndim - 1)]
    padded = np.pad(samples.astype(np.float64), ends)
    out = np.zeros((length(len(samples), in_rate, out_rate), *samples.shape[1:]))
    for phase in range(min(up, len(out))):
        # Outputs phase, phase + up, ... lie at the same fraction between two input samples.
        first, rest = divmod(phase * down, up)
        taps = scale * impulse(scale * (rest / up - around))
        starts = np.arange(first, first + down * len(out[phase::up]), down)
        windows = padded[starts[:, np.newaxis] + np.arange(2 * before + 1)]
        out[phase::up] = np.einsum("jk...,k->j...", windows, taps)
    return out
