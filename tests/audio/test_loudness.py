"""Loudness is what EBU Tech 3341 and BS.1770 say; normalising and trimming keep their promises."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from lastword.audio.loudness import integrated_loudness, normalize, sounding_range, trim

RATES = [8000, 16000, 22050, 24000, 32000, 44100, 48000]


def sine(
    level_dbfs: float, length_s: float, *, rate: int = 48000, hz: float = 1000.0
) -> NDArray[np.float32]:
    """Float32 (samples, 1), peak at `level_dbfs`."""
    turns = hz * np.arange(round(length_s * rate)) / rate
    return (10 ** (level_dbfs / 20) * np.sin(2 * np.pi * turns)).astype(np.float32)[:, None]


# EBU Tech 3341 (2023), table 1, cases 1 to 5: stereo, 48 kHz, level and length of each part.
EBU: dict[str, tuple[list[tuple[float, float]], float]] = {
    "case 1": ([(-23, 20)], -23.0),
    "case 2": ([(-33, 20)], -33.0),
    "case 3, relative gate": ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    "case 4, both gates": ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    "case 5, blocks overlap": ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}


@pytest.mark.parametrize("case", EBU)
def test_the_vectors_of_the_ebu(case: str) -> None:
    """Each reads what Tech 3341 asks for, within its 0.1 LU."""
    parts, expected = EBU[case]
    one = np.concatenate([sine(level, length) for level, length in parts])
    stereo = np.repeat(one, 2, axis=1)
    assert integrated_loudness(stereo, 48000) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate", RATES)
def test_full_scale_reads_minus_three_at_every_rate(rate: int) -> None:
    """BS.1770: a 997 Hz sine of 0 dBFS in one channel reads -3.01 LKFS."""
    loudness = integrated_loudness(sine(0.0, 5.0, rate=rate, hz=997.0), rate)
    assert loudness == pytest.approx(-3.01, abs=0.05)


def test_the_filters_are_those_of_the_standard() -> None:
    """White noise through BS.1770's own coefficients for 48 kHz gives the same loudness."""
    noise = np.random.default_rng(1770).normal(0, 0.05, 48000 * 2)
    out = noise
    for b, a in (
        ((1.53512485958697, -2.69169618940638, 1.19839281085285),
         (-1.69065929318241, 0.73248077421585)),
        ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)),
    ):  # fmt: skip
        y = np.zeros_like(out)
        x1 = x2 = y1 = y2 = 0.0
        for i, x in enumerate(out.tolist()):
            y0 = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2
            y[i], x1, x2, y1, y2 = y0, x, x1, y0, y1
        out = y
    expected = -0.691 + 10 * math.log10(np.square(out).mean())
    loudness = integrated_loudness(noise.astype(np.float32)[:, None], 48000)
    assert loudness == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("length_s", [0.0, 0.001, 1.0])
def test_silence_has_no_loudness_and_stays_as_it_is(length_s: float) -> None:
    """Nothing above the absolute gate is minus infinity, also for no samples at all."""
    silence = np.zeros((round(length_s * 24000), 1), np.float32)
    assert integrated_loudness(silence, 24000) == -math.inf
    assert np.array_equal(normalize(silence, 24000), silence)
    assert np.array_equal(trim(silence, 24000), silence)


def test_a_clip_shorter_than_a_block_is_one_block() -> None:
    """200 ms of a sine read what the sine reads."""
    short = sine(-20.0, 0.2, rate=24000, hz=1000.0)
    assert integrated_loudness(short, 24000) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("level_dbfs", [-60.0, -30.0, -3.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_normalising_brings_every_level_to_one(level_dbfs: float, channels: int) -> None:
    """-23 LUFS comes out whatever went in, in the same shape and type."""
    samples = np.repeat(sine(level_dbfs, 2.0, rate=24000), channels, axis=1)
    out = normalize(samples, 24000)
    assert out.shape == samples.shape
    assert out.dtype == np.float32
    assert integrated_loudness(out, 24000) == pytest.approx(-23.0, abs=0.01)


def test_peaks_come_before_loudness() -> None:
    """A quiet clip with one click stays below -1 dBFS and therefore below -23 LUFS."""
    samples = sine(-50.0, 2.0, rate=24000)
    samples[24000] = 1.0
    out = normalize(samples, 24000)
    assert 0.88 < np.abs(out).max() < 10 ** (-1 / 20)
    assert integrated_loudness(out, 24000) < -23.5


@pytest.mark.parametrize("silence_s", [0.0, 0.005, 0.020, 0.5])
@pytest.mark.parametrize("rate", [8000, 24000, 44100])
def test_trimming_leaves_20_ms_at_both_ends(silence_s: float, rate: int) -> None:
    """Longer silence is cut, shorter is padded; what sounds is kept sample for sample."""
    sound = np.full((rate, 2), 0.25, np.float32)
    silence = np.zeros((round(silence_s * rate), 2), np.float32)
    out = trim(np.concatenate([silence, sound, silence]), rate)
    keep = round(0.020 * rate)
    assert sounding_range(out) == (keep, keep + rate)
    assert len(out) == rate + 2 * keep
    assert np.array_equal(out[keep:-keep], sound)
