"""What comes through, what does not, and how clean: beside soxr HQ, on every instruction set."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from audio.resampling import (
    ABOVE_SOXR_DB,
    AWKWARD_RATIOS,
    AWKWARD_RESIDUE_DB,
    DELAY_US,
    PASS_BAND_DB,
    ROUNDING_DB,
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
# From the edge of the stop band on, finely where the filter still falls.
STOP_SWEEP = (*np.linspace(1.0, 1.03, 31), *np.linspace(1.04, 2.9, 32))
IMAGE_SWEEP = (
    *np.linspace(0.1, 0.9, 9),
    *np.linspace(0.91, 0.99, 17),
    *np.linspace(0.991, 0.9995, 18),
)

ratios = pytest.mark.parametrize(("in_rate", "out_rate"), VOICE_RATIOS)
paths = pytest.mark.parametrize("path", _native.simd_paths())


def worst_residue(resample: Resample, in_rate: int, out_rate: int) -> float:
    """THD+N in dB, the worst of 997 Hz and three higher tones."""
    nyquist = min(in_rate, out_rate) / 2
    return max(
        residue_db(resample(tone(f, in_rate), in_rate, out_rate), out_rate, f)
        for f in (997.0, *(nyquist * fraction for fraction in CLEAN))
    )


def aliases(
    resample: Resample,
    in_rate: int,
    out_rate: int,
    stopped: Iterable[float] = STOPPED,
    imaged: Iterable[float] = IMAGED,
) -> list[float]:
    """What is left in dB of tones beyond the output's band, or of images beyond the input's.

    The tones are fractions of the lower Nyquist frequency.
    """
    nyquist = min(in_rate, out_rate) / 2
    if in_rate > out_rate:
        tones = [nyquist * x for x in stopped if nyquist * x < 0.999 * in_rate / 2]
        return [level_db(resample(tone(f, in_rate), in_rate, out_rate), out_rate) for f in tones]
    return [
        images_db(
            resample(tone(nyquist * x, in_rate), in_rate, out_rate), out_rate, nyquist * 1.0005
        )
        for x in imaged
    ]


@paths
@ratios
def test_cleaner_than_soxr(in_rate: int, out_rate: int, path: str) -> None:
    """THD+N and the worst alias or image are at least as good as those of soxr HQ."""

    def ours(samples: Floats, in_rate: int, out_rate: int) -> Floats:
        return by_path(samples, in_rate, out_rate, path)

    assert worst_residue(ours, in_rate, out_rate) <= worst_residue(by_soxr, in_rate, out_rate)
    assert max(aliases(ours, in_rate, out_rate)) <= max(aliases(by_soxr, in_rate, out_rate))


@paths
@ratios
def test_each_alias_and_image_is_as_weak_as_that_of_soxr(
    in_rate: int, out_rate: int, path: str
) -> None:
    """Not only the worst: no tone at the edge, where filters differ most, is let through."""

    def ours(samples: Floats, in_rate: int, out_rate: int) -> Floats:
        return by_path(samples, in_rate, out_rate, path)

    sweeps = in_rate, out_rate, STOP_SWEEP, IMAGE_SWEEP
    for left, peer in zip(aliases(ours, *sweeps), aliases(by_soxr, *sweeps), strict=True):
        assert left <= max(peer + ABOVE_SOXR_DB, ROUNDING_DB)


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
