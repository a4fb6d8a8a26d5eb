"""Collects samples that are decoded piece by piece in one array. Knows no format, no limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _native
from .recording import Recording

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sink import Opening


class Gathered:
    """The samples of one sound in one array, copied as little as possible.

    A single piece stays where it is, and what is decoded into `room` is there. Other pieces are
    copied into a buffer that grows with them: a bytearray over-allocates by an eighth, and the C
    library enlarges a large block by remapping its pages, so the samples need that eighth more, and
    no second copy. An array would be copied: `ndarray.resize` copies from numpy 2.5 on.

    Attributes:
        opening: Of the sound.
        num_frames: Samples per channel so far.
    """

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.num_frames = 0
        self._array: NDArray[Any] | None = None  # of the announced length, or the only piece
        self._memory = bytearray()

    def room(self) -> NDArray[Any]:
        """Return where the next piece may be decoded to, (frames, channels); then `add` it."""
        if self._array is None:
            shape = (self.opening.num_frames, self.opening.num_channels)
            self._array = np.empty(shape, self.opening.dtype)
        return self._array[self.num_frames : self.num_frames + self.opening.piece_frames]

    def add(self, piece: NDArray[Any]) -> None:
        """Take the next samples, (frames, channels) of the announced type."""
        if self.num_frames == 0 and self._array is None:
            self._array = piece
        elif self._array is None or piece.base is not self._array:
            if self._array is not None:
                self._memory += np.ascontiguousarray(self._array[: self.num_frames]).data
                self._array = None
            self._memory += np.ascontiguousarray(piece).data
        self.num_frames += len(piece)

    @property
    def finite(self) -> bool:
        """Whether there is neither NaN nor infinity in them."""
        samples = self.recording().samples
        return samples.dtype == np.int16 or _native.all_finite(np.ascontiguousarray(samples))

    @property
    def silent(self) -> bool:
        """Whether every sample is zero."""
        return self.recording().is_silent()

    def recording(self) -> Recording:
        """Return all samples."""
        samples = self._array
        if samples is None:
            shape = (self.num_frames, self.opening.num_channels)
            samples = np.frombuffer(self._memory, self.opening.dtype).reshape(shape)
        return Recording(samples[: self.num_frames], self.opening.sample_rate, self.opening.format)
