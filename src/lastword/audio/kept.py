"""Keeps bytes that are rarely needed again out of memory, in files without a name."""

from __future__ import annotations

import os
import tempfile
from typing import Final

MAX_FILES: Final = 128
"""Files held open at once; a process often may have no more than 1024. What comes after them stays
in memory."""

_open_files: set[int] = set()


class Kept:
    """Bytes that can be read at any time, from any thread and after a fork. Immutable.

    Args:
        data: The bytes, nobody's to change.
        file: A descriptor of a file that holds them instead, which becomes this object's own.

    Attributes:
        size: How many they are.
    """

    __slots__ = ("_data", "_file", "size")

    def __init__(self, data: bytes | memoryview, file: int = -1) -> None:
        self._data = data
        self._file = file
        self.size = len(data)
        if file >= 0:
            _open_files.add(file)
            self.size = os.fstat(file).st_size

    def put_away(self) -> Kept:
        """Return the same bytes in a file, or as they are if the disk refuses.

        Nobody else can change the file, which has no name. The system deletes it when this process
        ends, however it ends.
        """
        if self._file >= 0 or len(_open_files) >= MAX_FILES:
            return self
        try:
            with tempfile.TemporaryFile() as file:
                file.write(self._data)
                file.flush()
                return Kept(b"", os.dup(file.fileno()))
        except OSError:
            return self

    @property
    def nbytes(self) -> int:
        """How many bytes of memory they take."""
        return len(self._data)

    def read(self) -> bytes | memoryview:
        """Return the bytes.

        Raises:
            OSError: The disk fails.
        """
        if self._file < 0:
            return self._data
        pieces: list[bytes] = []
        done = 0
        while done < self.size:  # the system reads at most 2 GiB at once
            pieces.append(os.pread(self._file, self.size - done, done))
            if not pieces[-1]:
                raise OSError("expected a temporary file as it was written, its end is missing")
            done += len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def __del__(self) -> None:
        if self._file >= 0:
            _open_files.discard(self._file)
            os.close(self._file)
