"""Makes frames of a sound while it is decoded. Knows no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _native
from .frames import Format, Frames
from .resample import resampler_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sink import Opening


class Framing:
    """Takes the samples of a sound and holds nothing but their frames.

    Attributes:
        opening: Of the sound.
        num_frames: Samples per channel so far.
    """

    def __init__(self, opening: Opening, wanted: Format) -> None:
        self.opening = opening
        self.num_frames = 0
        self._format = wanted
        self._room: NDArray[Any] | None = None
        self._framer = _native.Framer(
            opening.num_channels,
            np.dtype(opening.dtype) == np.float32,
            resampler_for(opening.sample_rate, wanted.sample_rate),
            wanted.num_channels,
            wanted.samples_per_channel,
        )

    def room(self) -> NDArray[Any]:
        """Return where the next piece may be decoded to, (frames, channels); then `add` it."""
        if self._room is None:
            least = self.opening.num_frames or self.opening.piece_frames
            shape = min(self.opening.piece_frames, least), self.opening.num_channels
            self._room = np.empty(shape, self.opening.dtype)
        return self._room

    def add(self, piece: NDArray[Any]) -> None:
        """Take the next samples, (frames, channels) of the announced type."""
        step = self.opening.piece_frames
        for start in range(0, len(piece), step):  # frames are allocated per piece
            self._framer.push(piece[start : start + step])
        self.num_frames += len(piece)

    @property
    def finite(self) -> bool:
        """Whether there is neither NaN nor infinity in them."""
        return self._framer.finite

    @property
    def silent(self) -> bool:
        """Whether every sample is zero."""
        return self._framer.silent

    def frames(self) -> tuple[Frames, int]:
        """Return the frames, and how many samples were beyond full scale. Nothing can follow."""
        contents, length, clipped = self._framer.end()
        return Frames(self._format, tuple(contents), length), clipped


def recut(frames: Frames, wanted: Format) -> Frames:
    """Return frames of another length with the same samples."""
    framer = _native.Framer(wanted.num_channels, False, None, *wanted[1:])  # noqa: FBT003
    left = frames.length
    for data in frames.contents:
        samples = np.frombuffer(data, np.int16).reshape(-1, wanted.num_channels)[:left]
        framer.push(samples)
        left -= len(samples)
    contents, length, _ = framer.end()
    return Frames(wanted, tuple(contents), length)
