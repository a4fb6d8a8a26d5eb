"""Collects samples that are decoded piece by piece. Knows no format and no limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Gathered:
    """Samples that come piece by piece, in one buffer that grows with them.

    A bytearray over-allocates by an eighth, and the C library enlarges a large block by remapping
    its pages: the samples need that eighth more, and no second copy. An array would be copied:
    `ndarray.resize` copies from numpy 2.5 on.

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
            ValueError: It has a different number of channels from the pieces before it.
        """
        num_channels = piece.shape[1]
        if self._num_channels and num_channels != self._num_channels:
            raise ValueError(f"its channels change from {self._num_channels} to {num_channels}")
        self._num_channels = num_channels
        self._memory += np.ascontiguousarray(piece, np.float32).data
        self.num_frames += len(piece)

    def whole(self) -> NDArray[np.float32]:
        """Return all samples, float32 (frames, channels), and forget them."""
        whole = np.frombuffer(self._memory, np.float32).reshape(self.num_frames, self._num_channels)
        self.num_frames, self._num_channels, self._memory = 0, 0, bytearray()
        return whole
