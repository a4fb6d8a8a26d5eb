"""Measures EBU R 128 loudness, brings clips to one level, and trims silence. Imports numpy alone.

The measure is integrated loudness as defined in ITU-R BS.1770-5 (K-weighting, blocks of 400 ms that
overlap by 75 %, an absolute and a relative gate) and used by EBU R 128; the tests check it against
the vectors of EBU Tech 3341.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGET_LUFS = -23.0
"""EBU R 128's programme level; for speech it is close to telephony's -26 dBov (ITU-T P.56)."""

PEAK_DBFS = -1.0
"""No sample of a normalised clip reaches this level; it takes precedence over the loudness."""

END_SILENCE_S = 0.020
"""What `trim` leaves at both ends: no hard edge, no noticeable wait."""

_SILENCE_DB = -50.0  # below the clip's own peak; TTS voices pause at -60 dB or less
_BLOCK_S = 0.4
_STEP_S = 0.1
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_OFFSET_LUFS = -0.691  # BS.1770: makes a 997 Hz sine of 0 dBFS in one channel read -3.01 LUFS
_RING_OUT_S = 0.5  # the 38 Hz high-pass has decayed by more than 400 dB after this


def integrated_loudness(samples: NDArray[np.float32], sample_rate: int) -> float:
    """Measure the integrated loudness of a whole clip.

    Args:
        samples: Float32 (samples, channels), full scale is 1.0. Every channel counts as a front
            channel, with weight 1.
        sample_rate: In Hz.

    Returns:
        The loudness in LUFS; `-math.inf` when nothing is louder than the absolute gate of
        -70 LUFS. A clip shorter than one block of 400 ms is measured as one block.
    """
    power = _block_power(_k_weighted(samples, sample_rate), sample_rate)
    loud = power[power > _power_of(_ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return -math.inf
    relative_gate = loud.mean() * 10 ** (_RELATIVE_GATE_LU / 10)
    return _loudness_of(float(loud[loud > relative_gate].mean()))


def normalize(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Bring a clip to `TARGET_LUFS`, or as near as its peaks allow.

    One gain is applied to everything, so the sound itself does not change.

    Args:
        samples: Float32 (samples, channels), full scale is 1.0.
        sample_rate: In Hz.

    Returns:
        A new array of the same shape; every peak is below `PEAK_DBFS`. Silence stays as it is.
    """
    loudness = integrated_loudness(samples, sample_rate)
    peak = float(np.max(np.abs(samples), initial=0.0))
    if math.isinf(loudness) or peak == 0.0:
        return np.array(samples)
    gain_db = min(TARGET_LUFS - loudness, PEAK_DBFS - 0.01 - 20 * math.log10(peak))
    level: NDArray[np.float32] = samples * np.float32(10 ** (gain_db / 20))
    return level


def trim(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Cut the silence at both ends down to `END_SILENCE_S`, or pad up to it.

    Silence is what stays 50 dB below the clip's own peak in every channel.

    Args:
        samples: Float32 (samples, channels).
        sample_rate: In Hz.

    Returns:
        A new array (samples, channels). A clip that is silent throughout stays as it is.
    """
    start, stop = sounding_range(samples)
    if start == stop:
        return np.array(samples)
    keep = round(END_SILENCE_S * sample_rate)
    before, after = max(keep - start, 0), max(keep - (len(samples) - stop), 0)
    kept = samples[max(start - keep, 0) : stop + keep]
    return np.pad(kept, ((before, after), (0, 0)))


def sounding_range(samples: NDArray[np.float32]) -> tuple[int, int]:
    """Find where the sound of a clip begins and ends.

    Args:
        samples: Float32 (samples, channels).

    Returns:
        The index of the first audible sample and one past the last; equal if all is silent.
    """
    level = np.abs(samples).max(axis=1, initial=0.0)
    peak = float(level.max(initial=0.0))
    if peak == 0.0:
        return 0, 0
    sounding = np.flatnonzero(level > peak * 10 ** (_SILENCE_DB / 20))
    return int(sounding[0]), int(sounding[-1]) + 1


def _loudness_of(power: float) -> float:
    return _OFFSET_LUFS + 10 * math.log10(power)


def _power_of(loudness: float) -> float:
    return math.pow(10.0, (loudness - _OFFSET_LUFS) / 10)


def _block_power(weighted: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    """Return the mean square of each gating block, summed over channels: float64 (blocks,)."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(weighted).sum(axis=1))])
    size = min(round(_BLOCK_S * sample_rate), len(weighted))
    starts = np.arange(0, len(weighted) - size + 1, max(round(_STEP_S * sample_rate), 1))
    power: NDArray[np.float64] = (energy[starts + size] - energy[starts]) / max(size, 1)
    return power


def _k_weighted(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Apply both filters of BS.1770: float64 (samples, channels).

    The spectrum is multiplied by their frequency response, with zeros after the clip for the
    filters to ring out in: numpy has no recursive filter, and a loop over samples would be slow.
    """
    length = len(samples) + math.ceil(_RING_OUT_S * sample_rate)
    length = 1 << (length - 1).bit_length()  # a power of two, which is fast for an FFT
    turn = np.exp(-2j * np.pi * np.arange(length // 2 + 1) / length)
    response = _shelf(turn, sample_rate) * _high_pass(turn, sample_rate)
    spectrum = np.fft.rfft(samples.astype(np.float64), n=length, axis=0)
    return np.fft.irfft(spectrum * response[:, None], n=length, axis=0)[: len(samples)]


# BS.1770 gives coefficients for 48 kHz only. Both filters below are bilinear transforms of one
# analogue prototype each, whose constants make them equal the standard's at 48 kHz to 1e-12.


def _shelf(turn: NDArray[np.complex128], sample_rate: int) -> NDArray[np.complex128]:
    """Return the response of stage 1, +4 dB above about 1.7 kHz (the head), at each `turn`."""
    frequency_hz, gain_db, quality = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * frequency_hz / sample_rate)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    above = np.polyval(
        [high - band * k / quality + k * k, 2 * (k * k - high), high + band * k / quality + k * k],
        turn,
    )
    below = np.polyval([1 - k / quality + k * k, 2 * (k * k - 1), 1 + k / quality + k * k], turn)
    return np.asarray(above / below)


def _high_pass(turn: NDArray[np.complex128], sample_rate: int) -> NDArray[np.complex128]:
    """Return the response of stage 2, the RLB high-pass at 38 Hz, at each point of `turn`."""
    frequency_hz, quality = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * frequency_hz / sample_rate)
    # The standard's numerator is 1, -2, 1, not divided by the denominator's first coefficient.
    first = 1 + k / quality + k * k
    below = np.polyval([(1 - k / quality + k * k) / first, 2 * (k * k - 1) / first, 1.0], turn)
    return np.asarray(np.polyval([1.0, -2.0, 1.0], turn) / below)
