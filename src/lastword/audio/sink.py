"""Says how decoders hand over samples piece by piece, and what takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike, NDArray

PIECE_SAMPLES = 2**16
"""Samples of all channels in a piece: 256 KiB as float32, which stay in the L2 cache."""


class Opening(NamedTuple):
    """What is known of a sound before its first sample.

    Attributes:
        sample_rate: In Hz.
        num_channels: Number of interleaved channels.
        dtype: Of the samples, int16 or float32.
        format: Container and coding, as the decoder names them; "" for samples.
        num_frames: Samples per channel that are announced; 0 if that is not known.
    """

    sample_rate: int
    num_channels: int
    dtype: DTypeLike
    format: str = ""
    num_frames: int = 0

    @property
    def piece_frames(self) -> int:
        """Samples per channel in a piece, at least one."""
        return max(PIECE_SAMPLES // self.num_channels, 1)


class Sink(Protocol):
    """Takes the samples of one sound.

    Attributes:
        opening: Of the sound.
        num_frames: Samples per channel so far.
    """

    opening: Opening
    num_frames: int

    def room(self) -> NDArray[Any]:
        """Return where the next piece may be decoded to, (frames, channels); then `add` it."""
        ...

    def add(self, piece: NDArray[np.int16] | NDArray[np.float32]) -> None:
        """Take the next samples, contiguous (frames, channels) of the announced type."""
        ...

    @property
    def finite(self) -> bool:
        """Whether there is neither NaN nor infinity in them."""
        ...

    @property
    def silent(self) -> bool:
        """Whether every sample is zero."""
        ...


AnySink = TypeVar("AnySink", bound=Sink)
Begin: TypeAlias = Callable[[Opening], AnySink]
"""Makes a sink for a sound; called again if a decoder fails half-way and another one tries."""
