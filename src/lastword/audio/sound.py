"""Holds a decoded sound and prepares frames from it. Knows no files."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from lastword.errors import ClipLimitError

from . import _native
from .frames import Format, Frames
from .limits import DEFAULT_LIMITS
from .resample import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .recording import Recording

logger = logging.getLogger("lastword")

MAX_FORMATS = 8
"""Prepared formats kept per sound; a process has one or two outputs, each with one format."""


class Sound:
    """Samples that never change, and their frames in the formats that were asked for.

    Thread-safe: the frames of a format are prepared once, whichever thread asks first.

    Attributes:
        samples: int16 or float32 (frames, channels), read-only.
        sample_rate: In Hz.
        name: What messages call it, after the source that it was first loaded from.
    """

    __slots__ = ("__weakref__", "_lock", "_prepared", "_warned", "name", "sample_rate", "samples")

    def __init__(self, recording: Recording, name: str) -> None:
        self.samples = recording.samples
        self.samples.flags.writeable = False
        self.sample_rate: int = recording.sample_rate
        self.name = name
        self._prepared: dict[Format, Frames] = {}
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

    def renew_lock(self) -> None:
        """Replace the lock after a fork: the thread that held it does not exist in this process."""
        self._lock = threading.Lock()

    def frames(self, wanted: Format) -> Frames:
        """Return the frames of a format, preparing them at the first request.

        Raises:
            ClipLimitError: They would have more samples than a sound may have, or the rates are
                further apart than `resample` accepts.
        """
        ready = self._prepared.get(wanted)
        if ready is not None:
            return ready
        with self._lock:
            ready = self._prepared.get(wanted)
            if ready is None:
                ready = self._prepare(wanted)
                while len(self._prepared) >= MAX_FORMATS:
                    del self._prepared[next(iter(self._prepared))]
                self._prepared[wanted] = ready
        return ready

    def _prepare(self, wanted: Format) -> Frames:
        self._check(wanted)
        samples = self._at_rate(wanted)
        contents, clipped = _native.cut(samples, wanted.num_channels, wanted.samples_per_channel)
        if clipped and not self._warned:
            self._warned = True
            logger.warning(
                "%d samples are clipped at %d Hz: the sound is louder than full scale: %s",
                clipped,
                wanted.sample_rate,
                self.name,
                extra={
                    "source": self.name,
                    "clipped_samples": clipped,
                    "sample_rate": wanted.sample_rate,
                },
            )
        return Frames(wanted, contents, len(samples))

    def _check(self, wanted: Format) -> None:
        """Refuse a format before memory is allocated for it."""
        low, high = sorted((self.sample_rate, wanted.sample_rate))
        if high > _native.MAX_RATIO * low:
            raise ClipLimitError(
                f"expected an output rate at most a factor of {_native.MAX_RATIO} away from the "
                f"clip's {self.sample_rate} Hz, got {wanted.sample_rate} Hz; convert the clip first"
            )
        num_frames = len(self.samples) * wanted.sample_rate // self.sample_rate
        if num_frames * wanted.num_channels > DEFAULT_LIMITS.max_samples:
            raise ClipLimitError(
                f"expected frames of at most {DEFAULT_LIMITS.max_samples} samples in all channels, "
                f"got {num_frames * wanted.num_channels} ({wanted.num_channels} channels, "
                f"{wanted.sample_rate} Hz); shorten the clip",
                limit="max_samples",
            )

    def _at_rate(self, wanted: Format) -> NDArray[Any]:
        """Return the samples at the wanted rate, in the wanted number of channels or in one."""
        for known, ready in self._prepared.items():
            if known[:2] == wanted[:2]:  # only the length of a frame differs
                return ready.samples()
        samples: NDArray[Any] = self.samples
        if samples.shape[1] not in (1, wanted.num_channels):
            mono = np.empty((len(samples), 1), np.float32)
            _native.mix(samples, mono)
            samples = mono
        if self.sample_rate != wanted.sample_rate:
            samples = resample(samples, self.sample_rate, wanted.sample_rate)
        return samples
