"""Owns the memory of samples that are decoded piece by piece. Knows no format and no limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Gathered:
    """Samples that come piece by piece, in one memory that grows with them.

    A bytearray grows by an eighth, and the C library moves large memory to a larger place by its
    page tables: this, and no second copy, is what the whole takes beyond its own size. An array
    would be copied: `ndarray.resize` does so from numpy 2.5 on.

    Attributes:
        num_frames: Samples per channel so far.
    """

    def __init__(self) -> None:
        self.num_frames = 0
        self._num_channels = 0
        self._memory = bytearray()

    def add(self, piece: NDArray[np.float32]) -> None:
        """Append samples, float32 (frames, channels).

        Raises:
            ValueError: It has another number of channels than the pieces before it.
        """
        num_channels = piece.shape[1]
        if self._num_channels and num_channels != self._num_channels:
            raise ValueError(f"its channels change from {self._num_channels} to {num_channels}")
        self._num_channels = num_channels
        self._memory += np.ascontiguousarray(piece, np.float32).data
        self.num_frames += len(piece)

    def whole(self) -> NDArray[np.float32]:
        """Give all samples, float32 (frames, channels), and forget them."""
        whole = np.frombuffer(self._memory, np.float32).reshape(self.num_frames, self._num_channels)
        self.num_frames, self._num_channels, self._memory = 0, 0, bytearray()
        return whole
