"""Holds a sound as it was recorded: samples, rate, and the format they were stored in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .sink import Opening

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Recording(NamedTuple):
    """A sound as it was recorded, in as little memory as possible; users get an `Audio`.

    Attributes:
        samples: (frames, channels), int16 if 16 bits hold it exactly, else float32. It may be
            a view of the source's bytes.
        sample_rate: In Hz.
        format: Container and coding, as the decoder names them; "" for samples.
    """

    samples: NDArray[np.int16] | NDArray[np.float32]
    sample_rate: int
    format: str = ""

    @property
    def opening(self) -> Opening:
        """What is known of it before its first sample."""
        num_frames, num_channels = self.samples.shape
        return Opening(self.sample_rate, num_channels, self.samples.dtype, self.format, num_frames)

    def to_float(self) -> NDArray[np.float32]:
        """Return the samples as float32, full scale +-1.0."""
        if self.samples.dtype == np.float32:
            return np.asarray(self.samples, np.float32)
        scaled: NDArray[np.float32] = self.samples * np.float32(2.0**-15)
        return scaled

    def is_silent(self) -> bool:
        """Return whether every sample is zero."""
        # Nearly all sounds show it within their first moments and need not be read to the end.
        return not (self.samples[:_FIRST_MOMENTS].any() or self.samples.any())

    def goes_on_with(self, other: Recording) -> bool:
        """Return whether `other` can be played right after this one: same rate and channels."""
        return (
            self.sample_rate == other.sample_rate
            and self.samples.shape[1] == other.samples.shape[1]
        )


_FIRST_MOMENTS = 4096  # sample frames


def concatenate(recordings: Sequence[Recording]) -> Recording:
    """Join recordings of the same rate and channels into one."""
    first = recordings[0]
    if len(recordings) == 1:
        return first
    if all(recording.samples.dtype == np.int16 for recording in recordings):
        samples = np.concatenate([recording.samples for recording in recordings])
    else:
        samples = np.concatenate([recording.to_float() for recording in recordings])
    return Recording(samples, first.sample_rate, first.format)
