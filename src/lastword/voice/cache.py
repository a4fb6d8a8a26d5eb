"""Keeps sounds on disk under a key of their content. Knows no TTS and no clip.

One folder, shared by all processes of a user: `KEY.wav` per sound, `XX.lock` per 256th of the keys,
`NAME.last` where a sound has a second name.
A file is a plain WAV that any player plays, with a seal after the sound. A file without a valid
seal is treated as missing: a torn, foreign or renamed file is replaced, never played.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from lastword.audio.folder import REFUSALS, Folder, default_folder, open_regular

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

logger = logging.getLogger("lastword")

MAX_BYTES = 64 * 2**20
"""Size limit of the folder: about 25 minutes of sound at 24 kHz."""

_KEY = re.compile(r"[0-9a-f]{64}")
_LOCK_POLL_S = 0.05
_RIFF_HEADER = struct.Struct("<4sI4s")
_SEAL = struct.Struct("<4sI32s")
_SEAL_NAME = b"lwsl"  # every reader of RIFF skips unknown chunks


class SoundCache:
    """A folder of sounds; any disk failure is treated as "not there" and never raised.

    Args:
        folder: Its path; None for `default_folder()`. It is made when the first sound is stored.
        max_bytes: Above this size, the least recently used sounds are removed.
    """

    def __init__(
        self, folder: str | os.PathLike[str] | None = None, *, max_bytes: int = MAX_BYTES
    ) -> None:
        self.folder = default_folder() if folder is None else Path(folder)
        self._files = Folder(self.folder, ".wav", max_bytes)

    def path(self, key: str) -> Path:
        """Return the path where the sound of a key is, or would be."""
        return self._files.file(key)

    def load(self, key: str) -> bytes | None:
        """Read a sound and return its WAV file.

        Args:
            key: Its name, hexadecimal digits.

        Returns:
            A WAV file, or None when there is none or it is damaged or foreign.
        """
        try:
            data = self._files.read(self.path(key))
        except REFUSALS:
            return None
        if not _is_sealed(data, key):
            logger.warning("ignored a damaged or foreign file in the cache of voices")
            return None
        return data

    def forget(self, key: str) -> None:
        """Remove a sound that turned out to be unusable."""
        with contextlib.suppress(*REFUSALS):
            self.path(key).unlink(missing_ok=True)

    def store(self, key: str, wav: bytes) -> None:
        """Store a sound, whole or, if the disk fails, not at all.

        Args:
            key: Its name, hexadecimal digits.
            wav: A WAV file.
        """
        try:
            self._files.make()
            path = self.path(key)
            self._files.write(path, [_sealed(wav, key)], durable=True)
            self._files.make_room(path)
            self._forget_notes()
        except REFUSALS as error:
            reason = getattr(error, "strerror", None) or str(error)
            logger.warning("could not keep a rendered voice", extra={"reason": reason})

    def note(self, name: str, key: str) -> None:
        """Record which sound a second name stands for; the latest record counts.

        Args:
            name: The second name, hexadecimal digits.
            key: The key of the sound.
        """
        if self.noted(name) == key:
            return
        with contextlib.suppress(*REFUSALS):  # the sound is still found by its key
            self._files.write(self._note_path(name), [key.encode()], durable=True)

    def noted(self, name: str) -> str | None:
        """Return the key of the sound that a second name stands for, or None."""
        try:
            key = self._files.read(self._note_path(name)).decode("ascii")
        except REFUSALS:
            return None
        return key if _KEY.fullmatch(key) else None

    def _note_path(self, name: str) -> Path:
        return self.folder / f"{name}.last"

    @contextlib.asynccontextmanager
    async def alone(self, key: str) -> AsyncIterator[None]:
        """Hold the lock of a key across all processes; the lock of a process that dies is released.

        The wait is unbounded: the caller must limit it. Where files cannot be locked, for instance
        in a read-only folder, there is no wait and no lock.
        """
        lock = self._open_lock(key)
        if lock is None:
            yield
            return
        try:
            while not _try_lock(lock):  # noqa: ASYNC110 - the holder is another process
                await asyncio.sleep(_LOCK_POLL_S)
            yield
        finally:
            os.close(lock)

    def _open_lock(self, key: str) -> int | None:
        try:
            self._files.make()
            return open_regular(self.folder / f"{key[:2]}.lock", os.O_RDWR | os.O_CREAT)
        except REFUSALS:
            return None

    def _forget_notes(self) -> None:
        for note in self.folder.glob("*.last"):
            key = self.noted(note.stem)
            if key is None or not self.path(key).exists():
                note.unlink(missing_ok=True)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: two requests are better than none
        return True
    return True


def _sealed(wav: bytes, key: str) -> bytes:
    """Append the seal to a WAV file and include it in the file's own size."""
    padded = wav + b"\0" * (len(wav) % 2)
    _, _, form = _RIFF_HEADER.unpack_from(padded)
    size = len(padded) - 8 + _SEAL.size
    body = _RIFF_HEADER.pack(b"RIFF", size, form) + padded[_RIFF_HEADER.size :]
    return body + _SEAL.pack(_SEAL_NAME, 32, _digest(body, key))


def _is_sealed(data: bytes, key: str) -> bool:
    if len(data) < _RIFF_HEADER.size + _SEAL.size:
        return False
    body, seal = data[: -_SEAL.size], data[-_SEAL.size :]
    return seal == _SEAL.pack(_SEAL_NAME, 32, _digest(body, key))


def _digest(body: bytes, key: str) -> bytes:
    return hashlib.blake2b(body, digest_size=32, key=bytes.fromhex(key)).digest()
