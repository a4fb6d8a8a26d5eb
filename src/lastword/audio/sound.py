"""Owns a decoded sound and the frames that were prepared from it. Knows no files and no clips."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lastword.errors import ClipLimitError

from . import _native
from .resample import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .decode import Recording

logger = logging.getLogger("lastword")

MIN_FRAME_MS = 10
"""WebRTC's own frame: nothing in LiveKit takes less."""
MAX_FRAME_MS = 100
"""Longer frames only delay what they carry; RoomIO's are 50 ms."""
MAX_FORMATS = 8
"""Prepared formats kept per sound: a process has one or two outputs, each with one format."""


class Format(NamedTuple):
    """What an output takes.

    Attributes:
        sample_rate: In Hz.
        num_channels: Interleaved.
        samples_per_channel: Length of one frame.
    """

    sample_rate: int
    num_channels: int
    samples_per_channel: int

    @classmethod
    def of(cls, sample_rate: int, num_channels: int, frame_ms: int) -> Format:
        """Check a wish and work out the length of its frames.

        Raises:
            ClipLimitError: No output has such a format.
        """
        if sample_rate < 1 or num_channels < 1:
            raise ClipLimitError(
                "expected a sample rate and a number of channels of at least 1, "
                f"got {sample_rate} Hz and {num_channels}"
            )
        if not MIN_FRAME_MS <= frame_ms <= MAX_FRAME_MS:
            raise ClipLimitError(
                f"expected frames of {MIN_FRAME_MS} to {MAX_FRAME_MS} ms, got {frame_ms} ms"
            )
        return cls(sample_rate, num_channels, max(1, sample_rate * frame_ms // 1000))


class Sound:
    """Samples that never change, and their frames in the formats that were asked for.

    Thread-safe: frames of one format are prepared once, whoever asks.

    Attributes:
        samples: int16 or float32 (frames, channels), read-only.
        sample_rate: In Hz.
    """

    __slots__ = ("__weakref__", "_lock", "_prepared", "_warned", "sample_rate", "samples")

    def __init__(self, recording: Recording) -> None:
        self.samples = recording.samples
        self.samples.flags.writeable = False
        self.sample_rate: int = recording.sample_rate
        self._prepared: dict[Format, tuple[bytes, ...]] = {}
        self._warned = False
        self._lock = threading.Lock()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sound):
            return NotImplemented
        return self is other or (
            self.sample_rate == other.sample_rate and np.array_equal(self.samples, other.samples)
        )

    def __hash__(self) -> int:
        return hash((self.sample_rate, self.samples.shape))

    @property
    def nbytes(self) -> int:
        """Memory of the samples, in bytes."""
        return self.samples.nbytes

    def renew_lock(self) -> None:
        """Forget who held the lock: after a fork, that thread is not in this process."""
        self._lock = threading.Lock()

    def frames(self, wanted: Format) -> tuple[bytes, ...]:
        """Give the int16 contents of each frame, the last padded with silence."""
        prepared = self._prepared.get(wanted)
        if prepared is not None:
            return prepared
        with self._lock:
            prepared = self._prepared.get(wanted)
            if prepared is None:
                prepared = self._prepare(wanted)
                while len(self._prepared) >= MAX_FORMATS:
                    del self._prepared[next(iter(self._prepared))]
                self._prepared[wanted] = prepared
        return prepared

    def _prepare(self, wanted: Format) -> tuple[bytes, ...]:
        samples: NDArray[Any] = self.samples
        if samples.shape[1] not in (1, wanted.num_channels):
            mono = np.empty((len(samples), 1), np.float32)
            _native.mix(samples, mono)
            samples = mono
        if self.sample_rate != wanted.sample_rate:
            samples = resample(samples, self.sample_rate, wanted.sample_rate)
        frames, clipped = _native.cut(samples, wanted.num_channels, wanted.samples_per_channel)
        if clipped and not self._warned:
            self._warned = True
            logger.warning(
                "a clip is louder than full scale: samples were clipped",
                extra={"clipped_samples": clipped, "sample_rate": wanted.sample_rate},
            )
        return tuple(frames)
