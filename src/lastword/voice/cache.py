"""Keeps sounds on disk under a key of their content. Knows no TTS and no clip.

One folder, shared by all processes of a user: `KEY.wav` per sound, `XX.lock` per 256th of the keys,
`NAME.last` where a sound has a second name.
A file is a plain WAV that any player plays, with a seal after the sound. A file without a valid
seal is treated as missing: a torn, foreign or renamed file is replaced, never played.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import logging
import os
import re
import stat
import struct
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

logger = logging.getLogger("lastword")

FOLDER_VARIABLE = "LASTWORD_CACHE_DIR"
"""Environment variable that moves the folder."""

MAX_BYTES = 64 * 2**20
"""Size limit of the folder: about 25 minutes of sound at 24 kHz."""

_KEY = re.compile(r"[0-9a-f]{64}")
_STALE_S = 3600.0  # a half-written file of this age belongs to a process that died
_REFUSALS = (OSError, ValueError)  # ValueError: a NUL or a surrogate in the name of the folder
_LOCK_POLL_S = 0.05
_RIFF_HEADER = struct.Struct("<4sI4s")
_SEAL = struct.Struct("<4sI32s")
_SEAL_NAME = b"lwsl"  # every reader of RIFF skips unknown chunks


def default_folder() -> Path:
    """Return where sounds are kept: `LASTWORD_CACHE_DIR`, else the user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_cache_path("lastword") / "voices"


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
        self._max_bytes = max_bytes

    def path(self, key: str) -> Path:
        """Return the path where the sound of a key is, or would be."""
        return self.folder / f"{key}.wav"

    def load(self, key: str) -> bytes | None:
        """Read a sound and return its WAV file.

        Args:
            key: Its name, hexadecimal digits.

        Returns:
            A WAV file, or None when there is none or it is damaged or foreign.
        """
        try:
            data = _read(self.path(key), self._max_bytes)
        except _REFUSALS:
            return None
        if not _is_sealed(data, key):
            logger.warning("ignored a damaged or foreign file in the cache of voices")
            return None
        return data

    def forget(self, key: str) -> None:
        """Remove a sound that turned out to be unusable."""
        with contextlib.suppress(*_REFUSALS):
            self.path(key).unlink(missing_ok=True)

    def store(self, key: str, wav: bytes) -> None:
        """Store a sound, whole or, if the disk fails, not at all.

        Args:
            key: Its name, hexadecimal digits.
            wav: A WAV file.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.path(key)
            self._replace(path, _sealed(wav, key))
            self._make_room(path)
            self._forget_notes()
        except _REFUSALS as error:
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
        with contextlib.suppress(*_REFUSALS):  # the sound is still found by its key
            self._replace(self._note_path(name), key.encode())

    def noted(self, name: str) -> str | None:
        """Return the key of the sound that a second name stands for, or None."""
        try:
            key = _read(self._note_path(name), 64).decode("ascii")
        except _REFUSALS:
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
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return _open_regular(self.folder / f"{key[:2]}.lock", os.O_RDWR | os.O_CREAT)
        except _REFUSALS:
            return None

    def _replace(self, path: Path, data: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 - a file descriptor
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # the name must not survive a power cut without the sound
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _make_room(self, stored: Path) -> None:
        now = time.time()
        for part in self.folder.glob("*.part"):
            with contextlib.suppress(OSError):
                if abs(now - part.lstat().st_mtime) > _STALE_S:
                    part.unlink()
        sounds = []
        for path in self.folder.glob("*.wav"):
            with contextlib.suppress(OSError):
                found = path.lstat()
                if stat.S_ISREG(found.st_mode):
                    sounds.append((_used_at(found, now), found.st_size, path))
        total = sum(size for _, size, _ in sounds)
        for _, size, path in sorted(sounds):
            if total <= self._max_bytes:
                return
            if path != stored:
                path.unlink(missing_ok=True)
                total -= size

    def _forget_notes(self) -> None:
        for note in self.folder.glob("*.last"):
            key = self.noted(note.stem)
            if key is None or not self.path(key).exists():
                note.unlink(missing_ok=True)


def _used_at(found: os.stat_result, now: float) -> float:
    """Return when a sound was last used; a time in the future is invalid and means long ago."""
    return found.st_mtime if found.st_mtime <= now + _STALE_S else 0.0


def _read(path: Path, max_bytes: int) -> bytes:
    """Read a file of the cache and mark it as just used, and so the last to be removed."""
    file = _open_regular(path, os.O_RDONLY)
    try:
        size = os.fstat(file).st_size
        if size > max_bytes:
            raise OSError(errno.EFBIG, "larger than the whole cache may be", str(path))
        with os.fdopen(os.dup(file), "rb") as reader:
            data = reader.read(size)
        with contextlib.suppress(OSError):
            os.utime(file)
    finally:
        os.close(file)
    return data


def _open_regular(path: Path, flags: int) -> int:
    """Open a regular file: not a pipe, which would block, and not a link to elsewhere."""
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise OSError(errno.EINVAL, "expected a regular file", str(path))


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
