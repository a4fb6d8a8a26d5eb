"""`resample` against direct convolution and against its own promises."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lastword import resample
from reference import resample as reference

# The ratios a voice agent meets, in Hz.
VOICE_RATIOS = [
    (8000, 24000), (16000, 24000), (22050, 24000), (32000, 24000), (44100, 24000),
    (48000, 24000), (24000, 48000), (44100, 48000), (48000, 16000),
]  # fmt: skip
LENGTHS = [0, 1, 2, 3, 97, 1009, 4999]


def noise(*shape: int) -> npt.NDArray[np.float32]:
    """White noise of RMS 0.2, the same in every run."""
    return (np.random.default_rng(7).standard_normal(shape) * 0.2).astype(np.float32)


def as_int16(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("frames", LENGTHS)
@pytest.mark.parametrize(("in_rate", "out_rate"), VOICE_RATIOS)
def test_equals_direct_convolution(in_rate: int, out_rate: int, frames: int) -> None:
    """Every sample, the ends too, is what the sum says."""
    samples = noise(frames)
    expected = reference.resample(samples, in_rate, out_rate)
    result = resample(samples, in_rate, out_rate)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("in_rate", "out_rate"), VOICE_RATIOS)
def test_int16_is_rounded_and_saturated(in_rate: int, out_rate: int) -> None:
    samples = as_int16(noise(3001) * 4)
    expected = np.clip(np.rint(reference.resample(samples, in_rate, out_rate)), -32768, 32767)
    result = resample(samples, in_rate, out_rate)
    assert result.dtype == np.int16
    assert np.abs(result - expected).max() <= 1


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
@pytest.mark.parametrize("frames", LENGTHS)
def test_channels_are_resampled_each_for_itself(
    dtype: type[np.float32 | np.int16], frames: int
) -> None:
    """Three channels equal three monos bit for bit, and the layout comes back."""
    samples = noise(frames, 3) if dtype is np.float32 else as_int16(noise(frames, 3))
    result = resample(samples, 44100, 24000)
    assert result.shape == (reference.length(frames, 44100, 24000), 3)
    for channel in range(3):
        np.testing.assert_array_equal(
            result[:, channel], resample(samples[:, channel], 44100, 24000)
        )


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_silence_stays_silence(dtype: type[np.float32 | np.int16]) -> None:
    assert not resample(np.zeros(5000, dtype), 22050, 24000).any()


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
