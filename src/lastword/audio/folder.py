"""Keeps files in one folder that all processes of a user share. Knows no sound.

A file is written whole or not at all, and the least recently used ones go when there are too many
bytes. Whoever reads one must find out whether it is damaged or foreign.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER_VARIABLE: Final = "LASTWORD_CACHE_DIR"
"""Environment variable that moves the folder."""

REFUSALS: Final = (OSError, ValueError)  # ValueError: a NUL or a surrogate in the folder's name
"""What a folder that cannot be used raises."""

_STALE_S = 3600.0  # a half-written file of this age belongs to a process that died


def default_folder() -> Path:
    """Return where sounds are kept: `LASTWORD_CACHE_DIR`, else the user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_cache_path("lastword") / "voices"


class Folder:
    """A folder of files that can be made again, private to the user.

    Args:
        path: Where it is. It is made when it is first written to.
        suffix: Of the names of the files that `make_room` counts and removes.
        max_bytes: Above this size, the least recently used of them are removed.
    """

    def __init__(self, path: Path, suffix: str, max_bytes: int) -> None:
        self.path = path
        self._suffix = suffix
        self._max_bytes = max_bytes

    def file(self, key: str) -> Path:
        """Return the path where the file of a key is, or would be."""
        return self.path / f"{key}{self._suffix}"

    def make(self) -> None:
        """Make the folder, if it is not there.

        Raises:
            OSError: It cannot be made.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, file: Path, parts: Iterable[bytes], *, durable: bool) -> None:
        """Write a file of the folder, whole or not at all.

        Args:
            file: Its path.
            parts: Its contents, one after the other.
            durable: Whether its name must not survive a power cut without its contents, though
                that takes milliseconds. A reader who checks all contents does not need it.

        Raises:
            OSError: The disk fails.
        """
        handle, name = tempfile.mkstemp(dir=self.path, suffix=".part")
        try:
            with open(handle, "wb") as opened:  # noqa: PTH123 - a file descriptor
                opened.writelines(parts)
                opened.flush()
                if durable:
                    os.fsync(opened.fileno())
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def open(self, file: Path) -> tuple[int, int]:
        """Open a file of the folder and mark it as just used, and so the last to be removed.

        Returns:
            A descriptor to read from, which the caller closes, and the size.

        Raises:
            OSError: It is not there, no regular file, or larger than the whole folder may be.
        """
        opened = open_regular(file, os.O_RDONLY)
        size = os.fstat(opened).st_size
        if size > self._max_bytes:
            os.close(opened)
            raise OSError(errno.EFBIG, "larger than the whole cache may be", str(file))
        with contextlib.suppress(OSError):
            os.utime(opened)
        return opened, size

    def read(self, file: Path) -> bytes:
        """Return the contents of a file of the folder, as `open` does."""
        opened, size = self.open(file)
        with os.fdopen(opened, "rb") as reader:
            return reader.read(size)

    def make_room(self, stored: Path) -> None:
        """Remove what is half-written, and the least recently used files, but not `stored`."""
        now = time.time()
        for part in self.path.glob("*.part"):
            with contextlib.suppress(OSError):
                if abs(now - part.lstat().st_mtime) > _STALE_S:
                    part.unlink()
        files = []
        for path in self.path.glob(f"*{self._suffix}"):
            with contextlib.suppress(OSError):
                found = path.lstat()
                if stat.S_ISREG(found.st_mode):
                    files.append((_used_at(found, now), found.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._max_bytes:
                return
            if path != stored:
                path.unlink(missing_ok=True)
                total -= size


def _used_at(found: os.stat_result, now: float) -> float:
    """Return when a file was last used; a time in the future is invalid and means long ago."""
    return found.st_mtime if found.st_mtime <= now + _STALE_S else 0.0


def open_regular(path: Path, flags: int) -> int:
    """Open a regular file: not a pipe, which would block, and not a link to elsewhere."""
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise OSError(errno.EINVAL, "expected a regular file", str(path))
