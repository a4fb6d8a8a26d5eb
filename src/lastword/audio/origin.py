"""Remembers what a sound was loaded from, and decodes it again for another format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _native
from .decode import decode_exact, pour
from .kept import Kept
from .openings import kind_at
from .prepared import name_of
from .recording import Recording
from .source import Contents

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .limits import Limits
    from .sink import AnySink, Begin


class Polish(NamedTuple):
    """What is done to a whole sound before it is played.

    Attributes:
        normalize: Bring it to the loudness of the bundled clips.
        trim: Cut silence at both ends.
    """

    normalize: bool
    trim: bool

    def applied(self, recording: Recording) -> Recording:
        """Return a recording with all of it done."""
        if not any(self):
            return recording
        from . import loudness  # noqa: PLC0415 - most clips are played as they are

        samples, sample_rate = recording.to_float(), recording.sample_rate
        if self.trim:
            samples = loudness.trim(samples, sample_rate)
        if self.normalize:
            samples = loudness.normalize(samples, sample_rate)
        return Recording(np.array(samples, np.float32, order="C"), sample_rate)


_OPENING_BYTES = 64


@dataclass(frozen=True)
class Origin:
    """A sound as it was given, and what is done to it. Immutable.

    Attributes:
        name: What messages call it.
        kept: The encoded bytes, or those of the samples.
        form: dtype, shape and rate of samples; `None` for encoded bytes.
        limits: What it is accepted under.
        polish: What is done to it.
    """

    name: str
    kept: Kept
    form: tuple[str, tuple[int, ...], int] | None
    limits: Limits
    polish: Polish

    @classmethod
    def of(cls, given: Contents | Recording, name: str, limits: Limits, polish: Polish) -> Origin:
        """Remember what was read or given, for the time being in memory."""
        if isinstance(given, Contents):
            return cls(name, Kept(given.data), None, limits, polish)
        samples = given.samples
        form = samples.dtype.str, samples.shape, given.sample_rate
        kept = Kept(samples.reshape(-1).view(np.uint8).data)
        return cls(name, kept, form, limits, polish)

    def content(self, key: bytes) -> Hashable:
        """Return a name of the content and of what is done to it, made with a digest's key."""
        digest = _native.digest(self.kept.read(), key)
        return self.form, self.polish, digest

    def name_on_disk(self) -> str | None:
        """Return its name in the cache of prepared frames, or `None` if it is quickly prepared.

        To hash a WAV takes as long as to decode it.
        """
        data = self.kept.read()
        if self.form is not None or kind_at(bytes(data[:_OPENING_BYTES])) == "WAV":
            return None
        return name_of(data, tuple(self.polish))

    def put_away(self) -> Origin:
        """Return the same with its bytes out of memory, if the disk takes them."""
        return replace(self, kept=self.kept.put_away())

    def pour(self, begin: Begin[AnySink]) -> AnySink:
        """Decode it, piece by piece where nothing needs the whole of it.

        Args:
            begin: Makes what takes the samples.

        Returns:
            What has taken all of them.

        Raises:
            ClipError: It is not a sound that can be played.
        """
        if self.form is not None:
            recording = self._samples(*self.form)
        else:
            contents = Contents(self.name, bytes(self.kept.read()))
            if not any(self.polish):
                return pour(contents, self.limits, begin)
            recording = decode_exact(contents, self.limits)
        recording = self.polish.applied(recording)
        sink = begin(recording.opening)
        sink.add(recording.samples)
        return sink

    def _samples(self, dtype: str, shape: tuple[int, ...], sample_rate: int) -> Recording:
        samples: Any = np.frombuffer(self.kept.read(), dtype).reshape(shape)
        return Recording(samples, sample_rate)
