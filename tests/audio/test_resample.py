"""`resample` against direct convolution and against its own promises."""

import functools
import math
import threading
from typing import Any

import numpy as np
import pytest

from audio.resampling import (
    AWKWARD_ERROR,
    AWKWARD_RATIOS,
    DIRECT_ERROR,
    FAR_RATIOS,
    INT16_STEPS,
    VOICE_RATIOS,
    Doubles,
    Floats,
    Int16s,
    as_int16,
    by_path,
    noise,
)
from lastword import resample
from lastword.audio import _native
from lastword.audio.resample import _resampler
from reference import resample as reference

LENGTHS = [0, 1, 2, 3, 97, 1009, 4999]

paths = pytest.mark.parametrize("path", _native.simd_paths())


@paths
@pytest.mark.parametrize(("in_rate", "out_rate"), [*VOICE_RATIOS, *FAR_RATIOS])
def test_equals_direct_convolution(in_rate: int, out_rate: int, path: str) -> None:
    """Every sample, the ends too, is what the sum says, for any length."""
    for frames in LENGTHS if out_rate < 100 * in_rate else LENGTHS[:-1]:
        samples = noise(frames)
        expected = reference.resample(samples, in_rate, out_rate)
        result = by_path(samples, in_rate, out_rate, path)
        np.testing.assert_allclose(result, expected, rtol=0, atol=DIRECT_ERROR)


@paths
@pytest.mark.parametrize(("in_rate", "out_rate"), AWKWARD_RATIOS)
def test_two_stages_equal_direct_convolution(in_rate: int, out_rate: int, path: str) -> None:
    for frames in LENGTHS[:-1]:
        samples = noise(frames)
        expected = reference.resample(samples, in_rate, out_rate)
        result = by_path(samples, in_rate, out_rate, path)
        np.testing.assert_allclose(result, expected, rtol=0, atol=AWKWARD_ERROR)


def test_two_stages_join_their_pieces() -> None:
    """The second stage works piece by piece; a tone of RMS 0.7 runs through all of them."""
    samples = np.sin(np.arange(100_000) * 0.1).astype(np.float32)
    result = resample(samples, 24000, 47999)
    expected = np.sin(np.arange(len(result)) * 0.1 * 24000 / 47999)
    np.testing.assert_allclose(
        result[1000:-1000], expected[1000:-1000], rtol=0, atol=4 * AWKWARD_ERROR
    )


@functools.cache
def loud_by_reference(in_rate: int, out_rate: int) -> Doubles:
    """What becomes of the noise below; the same for every path, and slow."""
    samples = as_int16(noise(3001) * 4)
    return np.clip(np.rint(reference.resample(samples, in_rate, out_rate)), -32768, 32767)


@paths
@pytest.mark.parametrize(("in_rate", "out_rate"), [*VOICE_RATIOS, *AWKWARD_RATIOS])
def test_int16_is_rounded_and_saturated(in_rate: int, out_rate: int, path: str) -> None:
    samples = as_int16(noise(3001) * 4)
    expected = loud_by_reference(in_rate, out_rate)
    result = by_path(samples, in_rate, out_rate, path)
    assert np.abs(result.astype(np.float64) - expected).max() <= INT16_STEPS
    assert np.mean(result != expected) < 0.01  # only where the middle between two steps is met


def sounds(frames: int, channels: int) -> list[Floats | Int16s]:
    """The same noise in both dtypes."""
    return [noise(frames, channels), as_int16(noise(frames, channels))]


@pytest.mark.parametrize("frames", LENGTHS)
@pytest.mark.parametrize(("in_rate", "out_rate"), [(44100, 24000), (47999, 24000)])
def test_channels_equal_monos(in_rate: int, out_rate: int, frames: int) -> None:
    """Three channels are three monos bit for bit; dtype and layout come back."""
    for samples in sounds(frames, 3):
        result = resample(samples, in_rate, out_rate)
        assert result.dtype == samples.dtype
        assert result.shape == (reference.length(frames, in_rate, out_rate), 3)
        for channel in range(3):
            mono = resample(samples[:, channel], in_rate, out_rate)
            np.testing.assert_array_equal(result[:, channel], mono)


def test_no_channels() -> None:
    assert resample(np.zeros((48, 0), np.float32), 48000, 24000).shape == (24, 0)


@paths
@pytest.mark.parametrize(("in_rate", "out_rate"), [*VOICE_RATIOS, *AWKWARD_RATIOS])
def test_silence_stays_exact_silence(in_rate: int, out_rate: int, path: str) -> None:
    """Where the whole filter meets zeros, zeros come out, however loud it is beside them."""
    reach = math.ceil(reference.PERIODS / 2 * max(1, in_rate / out_rate)) + 30
    samples = noise(10 * reach)
    for quiet in (slice(0, 3 * reach), slice(5 * reach, 9 * reach)):
        samples[quiet] = 0
    for sound in (samples, as_int16(samples)):
        result = by_path(sound, in_rate, out_rate, path)
        times = np.arange(len(result)) * in_rate / out_rate
        silent = (times < 2 * reach) | ((times > 6 * reach) & (times < 8 * reach))
        assert not result[silent].any()
        assert result[(times > 3 * reach) & (times < 5 * reach)].any()
    assert not by_path(np.zeros(5000, np.float32), in_rate, out_rate, path).any()


def test_equal_rates_copy() -> None:
    samples = noise(100)
    result = resample(samples, 24000, 24000)
    np.testing.assert_array_equal(result, samples)
    assert not np.shares_memory(result, samples)


@pytest.mark.parametrize(
    "samples",
    [
        [0.0, 1.0],
        np.zeros(4),
        np.zeros(4, np.int32),
        np.zeros((2, 2, 2), np.float32),
        np.float32(1),
        np.zeros((), np.float32),
        np.zeros(4, ">f4"),
    ],
    ids=["list", "float64", "int32", "3-d", "scalar", "0-d", "big-endian"],
)
def test_refuses_other_samples(samples: Any) -> None:
    with pytest.raises(TypeError, match="float32 or int16 array"):
        resample(samples, 8000, 24000)


@pytest.mark.parametrize("rate", [0, -8000, 2**32])
def test_refuses_impossible_rates(rate: int) -> None:
    with pytest.raises(ValueError, match="in_rate: expected 1 to"):
        resample(noise(4), rate, 24000)
    with pytest.raises(ValueError, match="out_rate: expected 1 to"):
        resample(noise(4), 24000, rate)


def test_refuses_a_rate_that_is_no_integer() -> None:
    with pytest.raises(TypeError, match=r"expected an integer in Hz, got 44100\.0"):
        resample(noise(4), 44100.0, 24000)  # type: ignore[arg-type]


def test_refuses_rates_too_far_apart() -> None:
    with pytest.raises(ValueError, match="at most a factor of 256 apart, got 257 and 1 Hz"):
        resample(noise(4), 257, 1)


def test_threads_share_a_plan() -> None:
    """A plan is immutable: eight threads with one ratio get what one alone gets."""
    samples = noise(20_000)
    alone = resample(samples, 44100, 24000)
    results: list[Floats] = []
    threads = [
        threading.Thread(target=lambda: results.append(resample(samples, 44100, 24000)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(results) == len(threads)
    for result in results:
        np.testing.assert_array_equal(result, alone)


def test_plans_are_cached_in_bounds() -> None:
    """A ratio is designed once, whatever the rates that make it, and not many are kept."""
    _resampler.cache_clear()
    for _ in range(3):
        resample(noise(10), 8000, 24000)
        resample(noise(10), 16000, 48000)
    assert _resampler.cache_info()[:2] == (5, 1)
    for rate in range(1000, 1100):
        resample(noise(10), rate, 1000)
    assert _resampler.cache_info().currsize == 32
