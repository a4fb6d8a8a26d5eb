"""Provides `Clip`, a sound ready to be played, and shares sounds of the same content."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from . import _native
from .decode import check_limits, decode_exact
from .frames import Format, FramesOnDemand
from .kept import Kept
from .limits import DEFAULT_LIMITS
from .origin import Origin, Polish
from .sound import Sound
from .source import describe, read

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from livekit.rtc import AudioFrame

    from .limits import Limits
    from .recording import Recording
    from .source import Contents, Source

MAX_CACHED_BYTES = 64 * 2**20
"""Sounds kept although no clip uses them any more: a few minutes, little next to an agent. What
they take when they are loaded counts, not formats that are prepared later."""


@dataclass(frozen=True, slots=True, repr=False)
class Clip:
    """A sound ready to be played, and the words it says.

    Immutable and thread-safe. Clips of the same content share their samples and frames. Make one
    with `Clip.load`.

    Attributes:
        transcript: What is said, for the transcription and the report; "" if unknown.
        language: BCP 47 tag of what is said, or `None` if unknown.
    """

    _sound: Sound
    transcript: str = ""
    language: str | None = None

    @classmethod
    def load(
        cls,
        source: Source,
        *,
        transcript: str = "",
        language: str | None = None,
        normalize: bool = False,
        trim: bool = False,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Clip:
        """Decode a sound now, leaving nothing to do when it is needed.

        Args:
            source: A path, bytes, a binary file object, or `(samples, sample_rate)`.
            transcript: What is said in it.
            language: BCP 47 tag of what is said.
            normalize: Bring it to the loudness of the bundled clips.
            trim: Cut silence at both ends.
            limits: Upper and lower bounds on the sound.

        Returns:
            The clip; the samples are shared with every clip of the same content.

        Raises:
            ClipNotFoundError: The path does not exist.
            ClipFormatError: No decoder reads it, or it holds NaN or infinity.
            ClipEmptyError: It holds no samples.
            ClipLimitError: Its length, channels, sample rate or size is outside `limits`.
            TypeError: `limits` is not a `Limits`.
        """
        check_limits(limits)
        given: Contents | Recording
        if isinstance(source, tuple):
            name, given = describe(source), decode_exact(source, limits)
        else:
            given = read(source, limits)
            name = given.name
        origin = Origin.of(given, name, limits, Polish(normalize, trim))
        return cls(_shared(origin), transcript, language)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self._sound.num_frames / self._sound.sample_rate

    @property
    def sample_rate(self) -> int:
        """Rate of the sound as it was loaded, in Hz."""
        return self._sound.sample_rate

    @property
    def num_channels(self) -> int:
        """Channels of the sound as it was loaded."""
        return self._sound.num_channels

    def frames(
        self, sample_rate: int = 24000, num_channels: int = 1, frame_ms: int = 50
    ) -> list[AudioFrame]:
        """Return the clip as frames for one playout.

        The first call for a format prepares it; later calls only build frame objects over the
        same bytes, which all sessions of the process share.

        Args:
            sample_rate: Of the output, 4000 to 384000 Hz.
            num_channels: Of the output, 1 to 32. With fewer channels than the clip has, each is the
                mean of the clip's channels; with more, channels are copied.
            frame_ms: Length of a frame in milliseconds, 10 to 100.

        Returns:
            Fresh frames of equal length, the last padded with silence.

        Raises:
            ClipLimitError: The format is out of range, or the frames would have more samples than
                the default `Limits` allow.
            TypeError: An argument is not an integer.
        """
        return self._sound.frames(Format.of(sample_rate, num_channels, frame_ms)).fresh()

    def frames_on_demand(
        self, sample_rate: int = 24000, num_channels: int = 1, frame_ms: int = 50
    ) -> Sequence[AudioFrame]:
        """Return the same as `frames`, but build each frame object when it is asked for.

        When many sessions begin to play at once, none waits for frames that are needed later.
        """
        return FramesOnDemand(self._sound.frames(Format.of(sample_rate, num_channels, frame_ms)))

    def __repr__(self) -> str:
        return (
            f"Clip({self.duration_s:.2f} s, {self.sample_rate} Hz, channels={self.num_channels}, "
            f"transcript={self.transcript!r}, language={self.language!r})"
        )

    def __reduce__(self) -> tuple[Callable[..., Clip], tuple[Any, ...]]:
        # Rebuilt through the cache: clips share their sound after unpickling too.
        origin = self._sound.origin
        given = origin.name, bytes(origin.kept.read()), origin.form, origin.limits
        return _unpickle, (given, origin.polish, self.transcript, self.language)


def clear_cache() -> None:
    """Drop every cached sound that no clip uses."""
    _cache.clear()


def _unpickle(given: Any, polish: Polish, transcript: str, language: str | None) -> Clip:
    name, data, form, limits = given
    return Clip(_shared(Origin(name, Kept(data), form, limits, polish)), transcript, language)


_DIGEST_KEY = os.urandom(_native.DIGEST_KEY_SIZE)


def _shared(origin: Origin) -> Sound:
    """Return the sound of a content, decoded now if it is not there yet."""
    content = origin.content(_DIGEST_KEY)
    sound = _cache.get(content, lambda: Sound(origin, content))
    # The cached sound may have been loaded under wider limits.
    form = sound.num_frames, sound.num_channels, sound.sample_rate
    origin.limits.check(*form, origin.name)
    return sound


class _Cache:
    """Sounds by content: all that are in use, others up to `MAX_CACHED_BYTES`, last used last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_use: WeakValueDictionary[Hashable, Sound] = WeakValueDictionary()
        self._kept: OrderedDict[Hashable, tuple[Sound, int]] = OrderedDict()
        self._kept_bytes = 0
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Sound]) -> Sound:
        """Return the sound of a key; make it once even if several threads ask at the same time."""
        with self._lock:
            sound = self._find(key)
            if sound is not None:
                return sound
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                sound = self._find(key)
            if sound is not None:
                return sound
            try:
                sound = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
                    if sound is not None:
                        self._keep(key, sound)
            return sound

    def _find(self, key: Hashable) -> Sound | None:
        sound = self._in_use.get(key)
        if sound is not None:
            self._keep(key, sound)
        return sound

    def _keep(self, key: Hashable, sound: Sound) -> None:
        if key not in self._kept:
            self._in_use[key] = sound
            self._kept[key] = sound, sound.nbytes
            self._kept_bytes += self._kept[key][1]
        self._kept.move_to_end(key)
        while self._kept_bytes > MAX_CACHED_BYTES:
            self._kept_bytes -= self._kept.popitem(last=False)[1][1]

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._kept_bytes = 0

    def renew_locks(self) -> None:
        """Make new locks after a fork: the threads that held them do not exist in this process."""
        self._lock = threading.Lock()
        self._making.clear()
        for sound in self._in_use.values():
            sound.renew_lock()


_cache = _Cache()
os.register_at_fork(after_in_child=_cache.renew_locks)
