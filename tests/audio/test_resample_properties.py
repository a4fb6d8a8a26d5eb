"""Properties of the resampler at any pair of rates, found by hypothesis."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.resampling import AWKWARD_ERROR, Floats
from lastword import resample
from reference import resample as reference

RATES = st.integers(4000, 384_000) | st.sampled_from(
    [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192_000, 384_000]
)
# A filter that reaches over 100 times more inputs than there are outputs makes the twin slow.
NEAR_RATES = st.sampled_from([8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000])


@st.composite
def sounds(draw: st.DrawFn) -> Floats:
    """(samples,) or (samples, channels) of noise at any level, silence between."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(
        st.tuples(st.integers(0, 2000)) | st.tuples(st.integers(0, 500), st.integers(1, 4))
    )
    samples = rng.uniform(-1, 1, shape) * draw(st.sampled_from([1e-3, 0.2, 1.0]))
    start = draw(st.integers(0, shape[0]))
    samples[start : start + draw(st.integers(0, 1000))] = 0
    return samples.astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(samples=sounds(), in_rate=RATES, out_rate=RATES)
def test_any_pair_of_rates_works(samples: Floats, in_rate: int, out_rate: int) -> None:
    """Exact length, same layout, finite, and bounded: the taps' magnitudes add up to under 6."""
    result = resample(samples, in_rate, out_rate)
    length = reference.length(len(samples), in_rate, out_rate)
    assert result.shape == (length, *samples.shape[1:])
    assert np.abs(result).max(initial=0) <= 6 * np.abs(samples).max(initial=0)


@settings(deadline=None, max_examples=60)
@given(samples=sounds(), in_rate=NEAR_RATES, out_rate=NEAR_RATES)
def test_equals_the_sum(samples: Floats, in_rate: int, out_rate: int) -> None:
    expected = samples if in_rate == out_rate else reference.resample(samples, in_rate, out_rate)
    result = resample(samples, in_rate, out_rate)
    np.testing.assert_allclose(result, expected, rtol=0, atol=2 * AWKWARD_ERROR)


@settings(deadline=None, max_examples=60)
@given(samples=sounds(), in_rate=RATES, out_rate=RATES, power=st.integers(-20, 20))
def test_scaling_by_a_power_of_two_is_exact(
    samples: Floats, in_rate: int, out_rate: int, power: int
) -> None:
    """Nothing in the way depends on the level."""
    scale = np.float32(2.0**power)
    np.testing.assert_array_equal(
        resample(samples * scale, in_rate, out_rate), resample(samples, in_rate, out_rate) * scale
    )


@settings(deadline=None, max_examples=30)
@given(samples=sounds(), in_rate=NEAR_RATES, out_rate=NEAR_RATES, seconds=st.integers(1, 2))
def test_a_later_sound_comes_later(
    samples: Floats, in_rate: int, out_rate: int, seconds: int
) -> None:
    """Silence before a sound shifts it by exactly as much."""
    before = np.zeros((seconds * in_rate, *samples.shape[1:]), np.float32)
    late = resample(np.concatenate([before, samples]), in_rate, out_rate)
    prompt = resample(samples, in_rate, out_rate)
    np.testing.assert_allclose(late[seconds * out_rate :], prompt, rtol=0, atol=AWKWARD_ERROR)
