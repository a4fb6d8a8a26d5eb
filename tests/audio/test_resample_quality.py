"""What comes through, what does not, and how clean: beside soxr HQ, on every instruction set."""

from collections.abc import Callable

import numpy as np
import pytest

from audio.resampling import (
    AWKWARD_RATIOS,
    AWKWARD_RESIDUE_DB,
    DELAY_US,
    PASS_BAND_DB,
    VOICE_RATIOS,
    Floats,
    by_path,
    by_soxr,
    decibels,
    fit,
    images_db,
    level_db,
    residue_db,
    tone,
)
from lastword.audio import _native

Resample = Callable[[Floats, int, int], Floats]

# Fractions of the lower Nyquist frequency.
PASSED = (0.05, 0.2, 0.4, 0.6, 0.8, 0.88, 0.9, 0.913)
CLEAN = (0.31, 0.6, 0.9)
STOPPED = (1.003, 1.01, 1.03, 1.1, 1.25, 1.5)
IMAGED = (0.2, 0.6, 0.913, 0.96, 0.995)

ratios = pytest.mark.parametrize(("in_rate", "out_rate"), VOICE_RATIOS)
paths = pytest.mark.parametrize("path", _native.simd_paths())


def worst_residue(resample: Resample, in_rate: int, out_rate: int) -> float:
    """THD+N in dB, the worst of 997 Hz and three higher tones."""
    nyquist = min(in_rate, out_rate) / 2
    return max(
        residue_db(resample(tone(f, in_rate), in_rate, out_rate), out_rate, f)
        for f in (997.0, *(nyquist * fraction for fraction in CLEAN))
    )


def worst_alias(resample: Resample, in_rate: int, out_rate: int) -> float:
    """What is left in dB of tones beyond the output's band, or of images beyond the input's."""
    nyquist = min(in_rate, out_rate) / 2
    if in_rate > out_rate:
        tones = [nyquist * x for x in STOPPED if nyquist * x < 0.999 * in_rate / 2]
        return max(level_db(resample(tone(f, in_rate), in_rate, out_rate), out_rate) for f in tones)
    return max(
        images_db(
            resample(tone(nyquist * x, in_rate), in_rate, out_rate), out_rate, nyquist * 1.0005
        )
        for x in IMAGED
    )


@paths
@ratios
def test_cleaner_than_soxr(in_rate: int, out_rate: int, path: str) -> None:
    """THD+N and the worst alias or image are at least as good as those of soxr HQ."""

    def ours(samples: Floats, in_rate: int, out_rate: int) -> Floats:
        return by_path(samples, in_rate, out_rate, path)

    for worst in (worst_residue, worst_alias):
        assert worst(ours, in_rate, out_rate) <= worst(by_soxr, in_rate, out_rate)


@paths
@ratios
def test_flat_in_the_pass_band(in_rate: int, out_rate: int, path: str) -> None:
    nyquist = min(in_rate, out_rate) / 2
    for fraction in PASSED:
        result = by_path(tone(nyquist * fraction, in_rate), in_rate, out_rate, path)
        amplitude, _ = fit(result, out_rate, nyquist * fraction)
        reference, _ = fit(tone(nyquist * fraction, in_rate), in_rate, nyquist * fraction)
        assert abs(decibels(abs(amplitude) / abs(reference))) < PASS_BAND_DB


@paths
@pytest.mark.parametrize(("in_rate", "out_rate"), [*VOICE_RATIOS, *AWKWARD_RATIOS[:4]])
def test_no_delay(in_rate: int, out_rate: int, path: str) -> None:
    frequency = 0.3 * min(in_rate, out_rate) / 2
    result = by_path(tone(frequency, in_rate), in_rate, out_rate, path)
    amplitude, _ = fit(result, out_rate, frequency)
    delay_us = -np.angle(amplitude) / (2 * np.pi * frequency) * 1e6
    assert abs(delay_us) < DELAY_US


@paths
@pytest.mark.parametrize(("in_rate", "out_rate"), AWKWARD_RATIOS[:4])
def test_awkward_ratios_are_clean(in_rate: int, out_rate: int, path: str) -> None:
    """Two stages keep what soxr HQ loses at such ratios."""

    def ours(samples: Floats, in_rate: int, out_rate: int) -> Floats:
        return by_path(samples, in_rate, out_rate, path)

    assert worst_residue(ours, in_rate, out_rate) < AWKWARD_RESIDUE_DB
