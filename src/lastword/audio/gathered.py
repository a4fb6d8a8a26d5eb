"""Owns the memory of samples that are decoded piece by piece. Knows no format and no limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_ROOM = 2**16
"""Samples per channel that there is room for at first: a second or two."""
GROWTH = 1.25
"""The room grows by this factor. The C library moves large memory to a larger place by its page
tables, so this, and no second copy, is what the whole takes beyond its own size."""


class Gathered:
    """Samples that come piece by piece, in one array that grows with them.

    Attributes:
        num_frames: Samples per channel so far.
    """

    def __init__(self) -> None:
        self.num_frames = 0
        self._room: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def add(self, piece: NDArray[np.float32]) -> None:
        """Append samples, float32 (frames, channels).

        Raises:
            ValueError: It has another number of channels than the pieces before it.
        """
        num_channels = piece.shape[1]
        if not self._room.size:
            self._room = np.empty((FIRST_ROOM, num_channels), np.float32)
        if num_channels != self._room.shape[1]:
            raise ValueError(f"its channels change from {self._room.shape[1]} to {num_channels}")
        end = self.num_frames + len(piece)
        if end > len(self._room):
            # refcheck: nobody else has seen this array, though a debugger counts as somebody
            wanted = max(end, int(GROWTH * len(self._room)))
            self._room.resize((wanted, num_channels), refcheck=False)
        self._room[self.num_frames : end] = piece
        self.num_frames = end

    def whole(self) -> NDArray[np.float32]:
        """Give all samples, float32 (frames, channels), and forget them."""
        whole, num_frames = self._room, self.num_frames
        self._room, self.num_frames = np.empty((0, 0), np.float32), 0
        whole.resize((num_frames, whole.shape[1]), refcheck=False)
        return whole
