"""Prepares a sound in the formats that are asked for. Knows no files."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar, Final

from lastword.errors import ClipLimitError

from . import _native, told
from .frames import Format, Frames
from .framing import Framing, recut
from .limits import DEFAULT_LIMITS
from .prepared import Prepared, frame_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .origin import Origin
    from .sink import Opening

MAX_FORMATS: Final = 8
"""Prepared formats kept per sound; a process has one or two outputs, each with one format."""

SMALL_PART: Final = 16
"""What a sound was loaded from stays in memory up to the 16th part of its frames."""


class Sound:
    """The frames of a sound in the formats that were asked for. Its samples are not kept.

    Thread-safe: the frames of a format are prepared once, whichever thread asks first. The first
    format is prepared while the sound is decoded; for another one it is decoded again.

    Args:
        origin: What it is made from.
        content: Differs from that of every other sound.

    Attributes:
        sample_rate: Of the sound as it was loaded, in Hz.
        num_channels: As it was loaded.
        num_frames: Samples per channel, as it was loaded.
        origin: What it is made from.
        content: As given.

    Raises:
        ClipError: It is not a sound that can be played.
    """

    __slots__ = (
        "__weakref__", "_lock", "_prepared", "_warned", "content", "num_channels", "num_frames",
        "origin", "sample_rate",
    )  # fmt: skip

    expected: ClassVar[Format] = Format.of(24000, 1, 50)
    """The format that the next sound is prepared in: the one that was last asked for."""

    def __init__(self, origin: Origin, content: Hashable) -> None:
        self.content = content
        self.origin = origin
        self._prepared: dict[Format, Frames] = {}
        self._warned = False
        self._lock = threading.Lock()
        expected = type(self).expected
        found = self._made(expected, lambda opening: _usable(expected, opening))
        self.sample_rate, self.num_channels, self.num_frames, frames = found
        if _refusal(expected, self.sample_rate, self.num_frames) is None:
            self._put(expected, frames)
            if origin.kept.nbytes * SMALL_PART > frames.nbytes:
                self.origin = origin.put_away()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sound):
            return NotImplemented
        if self is other or self.content == other.content:
            return True
        if self.form != other.form or not self._prepared:
            return False
        wanted = next(iter(self._prepared))
        return [*self.frames(wanted).contents] == [*other.frames(wanted).contents]

    def __hash__(self) -> int:
        return hash(self.form)

    @property
    def form(self) -> tuple[int, int, int]:
        """Sample rate, channels and samples per channel, as it was loaded."""
        return self.sample_rate, self.num_channels, self.num_frames

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes, nearly."""
        frames = sum(ready.nbytes for ready in list(self._prepared.values()))
        return self.origin.kept.nbytes + frames

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
            return self._prepare(wanted) if ready is None else ready

    def _prepare(self, wanted: Format) -> Frames:
        refusal = _refusal(wanted, self.sample_rate, self.num_frames)
        if refusal is not None:
            raise refusal
        type(self).expected = wanted
        for known, ready in self._prepared.items():
            if known[:2] == wanted[:2]:  # only the length of a frame differs
                return self._put(wanted, recut(ready, wanted))
        with told.told_before():
            return self._put(wanted, self._made(wanted, lambda _: wanted).frames)

    def _made(self, wanted: Format, format_for: Callable[[Opening], Format]) -> Prepared:
        """Return what an earlier process has prepared; else decode it, and keep it for the next."""
        cache = frame_cache()
        name = self.origin.name_on_disk() if cache else None
        found = cache.load(name, wanted) if cache and name else None
        if found is not None:
            return found
        with told.watched() as said:
            taken = self.origin.pour(lambda opening: Framing(opening, format_for(opening)))
            frames, clipped = taken.frames()
            if clipped:
                self._warn_of_clipped(clipped, wanted)
        opening = taken.opening
        form = opening.sample_rate, opening.num_channels, taken.num_frames
        made = Prepared(*form, frames)
        # What was warned of is to be told in the next process too.
        if cache and name and not said and format_for(opening) == wanted:
            cache.store(name, wanted, made)
        return made

    def _warn_of_clipped(self, clipped: int, wanted: Format) -> None:
        if self._warned:
            return
        self._warned = True
        told.warn(
            "%d samples are clipped at %d Hz: the sound is louder than full scale: %s",
            clipped,
            wanted.sample_rate,
            self.origin.name,
            name=self.origin.name,
            clipped_samples=clipped,
            sample_rate=wanted.sample_rate,
        )

    def _put(self, wanted: Format, frames: Frames) -> Frames:
        while len(self._prepared) >= MAX_FORMATS:
            del self._prepared[next(iter(self._prepared))]
        self._prepared[wanted] = frames
        return frames


def _usable(expected: Format, opening: Opening) -> Format:
    """Return the expected format, or one that any sound can be decoded to, only to check it."""
    rate = opening.sample_rate
    if _refusal(expected, rate, opening.num_frames) is None:
        return expected
    return Format(rate, 1, max(rate // 20, 1))


def _refusal(wanted: Format, sample_rate: int, num_frames: int) -> ClipLimitError | None:
    """Return why a sound cannot be prepared in a format, before memory is allocated for it."""
    low, high = sorted((sample_rate, wanted.sample_rate))
    if high > _native.MAX_RATIO * low:
        return ClipLimitError(
            f"expected an output rate at most a factor of {_native.MAX_RATIO} away from the "
            f"clip's {sample_rate} Hz, got {wanted.sample_rate} Hz; convert the clip first"
        )
    num_samples = num_frames * wanted.sample_rate // sample_rate * wanted.num_channels
    if num_samples > DEFAULT_LIMITS.max_samples:
        return ClipLimitError(
            f"expected frames of at most {DEFAULT_LIMITS.max_samples} samples in all channels, "
            f"got {num_samples} ({wanted.num_channels} channels, {wanted.sample_rate} Hz); "
            "shorten the clip",
            limit="max_samples",
        )
    return None
