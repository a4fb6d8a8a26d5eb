"""Keeps prepared frames on disk, for the next process, and maps them into memory.

A file per sound and format in the folder of rendered voices: a header of a page, then the bytes of
all frames. All processes that map a file share one copy of it. A file without a valid digest is
treated as missing, and replaced: what is torn, foreign or renamed is never played.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, overload
from weakref import WeakSet

from . import _native
from .folder import REFUSALS, Folder, default_folder
from .frames import Format, Frames

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 256 * 2**20
"""Size limit of all prepared frames: an hour and a half of 24 kHz mono."""

MAX_MAPPED: Final = 128
"""Files mapped at once; each takes a file descriptor before Python 3.13. What comes after them is
read into memory."""

VERSION: Final = 1
"""Of the header, and of how frames are made of a sound: raise it when either changes."""

_MAGIC: Final = b"lastword"
_FORM: Final = struct.Struct("<8sI8Q")  # the format, the sound, how many frames and samples
_DIGEST_END: Final = _FORM.size + 16
_SAMPLES_AT: Final = 4096  # a page


class Prepared(NamedTuple):
    """The frames of a sound in one format, and the form it has as it was loaded.

    Attributes:
        sample_rate: Of the sound, in Hz.
        num_channels: Of the sound.
        num_frames: Samples per channel of the sound.
        frames: Ready to be played.
    """

    sample_rate: int
    num_channels: int
    num_frames: int
    frames: Frames


class Mapped(Sequence[bytes]):
    """The bytes of consecutive frames in a file that is mapped into memory."""

    __slots__ = ("__weakref__", "_frame_bytes", "_frames", "_memory")

    def __init__(self, memory: mmap.mmap | bytes, frame_bytes: int, frames: range) -> None:
        self._memory = memory
        self._frame_bytes = frame_bytes
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[bytes]:
        memory, size = self._memory, self._frame_bytes
        for frame in self._frames:
            at = _SAMPLES_AT + frame * size
            yield memory[at : at + size]

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Mapped: ...
    def __getitem__(self, index: int | slice) -> bytes | Mapped:
        if isinstance(index, slice):
            return Mapped(self._memory, self._frame_bytes, self._frames[index])
        at = _SAMPLES_AT + self._frames[index] * self._frame_bytes
        return self._memory[at : at + self._frame_bytes]


_mapped: WeakSet[Mapped] = WeakSet()


class FrameCache:
    """Prepared frames of the sounds that take long to decode, in a folder that is there.

    Any failure of the disk is treated as "not there" and never raised.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Folder(folder, ".frames", MAX_BYTES)

    def load(self, content: str, wanted: Format) -> Prepared | None:
        """Return the frames of a sound in a format, or `None` if they are not there.

        Args:
            content: Names the sound, as `name_of` does.
            wanted: The format.
        """
        key = _key(content, wanted)
        try:
            file, size = self._folder.open(self._folder.file(key))
        except REFUSALS:
            return None
        try:
            return _read(file, size, key, wanted)
        except REFUSALS:
            return None
        finally:
            os.close(file)

    def store(self, content: str, wanted: Format, prepared: Prepared) -> None:
        """Store frames, whole or not at all."""
        if prepared.frames.nbytes > MAX_BYTES // 4:
            return
        key = _key(content, wanted)
        file = self._folder.file(key)
        samples = b"".join(prepared.frames.contents)
        counts = len(prepared.frames.contents), prepared.frames.length
        form = _FORM.pack(_MAGIC, VERSION, *wanted, *prepared[:3], *counts)
        header = (form + _digest(samples, form, key)).ljust(_SAMPLES_AT, b"\0")
        try:
            self._folder.write(file, [header, samples], durable=False)
            self._folder.make_room(file)
        except REFUSALS:
            return


def frame_cache() -> FrameCache | None:
    """Return the cache, or `None` where there is no folder for it.

    Whoever renders voices makes the folder, and so does `lastword bake`.
    """
    folder = default_folder()
    try:
        return FrameCache(folder) if folder.is_dir() else None
    except REFUSALS:
        return None


def name_of(data: bytes | memoryview, treatment: object) -> str:
    """Return a name of a sound for all processes: its contents, and what is done to them."""
    # CPUs have instructions for SHA-256: it takes half of BLAKE2's time.
    return f"{hashlib.sha256(data).hexdigest()} {treatment}"


def _key(content: str, wanted: Format) -> str:
    name = f"{VERSION} {content} {tuple(wanted)}"
    return hashlib.sha256(name.encode()).hexdigest()


def _digest(samples: bytes | memoryview, form: bytes, key: str) -> bytes:
    """Return what shows that samples, header and name belong together and are undamaged."""
    stretched = hashlib.shake_256(form + key.encode()).digest(_native.DIGEST_KEY_SIZE)
    return _native.digest(samples, stretched)


def _read(file: int, size: int, key: str, wanted: Format) -> Prepared | None:
    """Map a file and check all of it; `None` if anything is not as it was written."""
    if size < _SAMPLES_AT:
        return None
    memory: mmap.mmap | bytes
    if len(_mapped) < MAX_MAPPED:
        memory = mmap.mmap(file, size, prot=mmap.PROT_READ)
    else:
        memory = os.read(file, size)
    form = memory[: _FORM.size]
    magic, version, *numbers = _FORM.unpack(form)
    sample_rate, num_channels, num_frames, count, length = numbers[3:]
    frame_bytes = 2 * wanted.num_channels * wanted.samples_per_channel
    if (magic, version, tuple(numbers[:3])) != (_MAGIC, VERSION, wanted):
        return None
    if len(memory) != size or count * frame_bytes != size - _SAMPLES_AT:
        return None
    if not (sample_rate and num_channels and length <= count * wanted.samples_per_channel):
        return None
    with memoryview(memory)[_SAMPLES_AT:] as samples:
        if memory[_FORM.size : _DIGEST_END] != _digest(samples, form, key):
            return None
    contents = Mapped(memory, frame_bytes, range(count))
    _mapped.add(contents)
    return Prepared(sample_rate, num_channels, num_frames, Frames(wanted, contents, length))
