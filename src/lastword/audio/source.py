"""Reads whatever a user may give as a sound, once. Decodes nothing."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from lastword.errors import ClipEmptyError, ClipError, ClipFormatError, ClipNotFoundError

from .limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from .limits import Limits

PIECE_BYTES = 2**20
"""A file object is read in pieces of this size, since it may never end."""


@runtime_checkable
class BinaryFile(Protocol):
    """A file object opened in binary mode."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes; none at the end."""


Encoded: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile"
"""A sound in some file format."""
Source: TypeAlias = "Encoded | tuple[NDArray[Any], int]"
"""A sound in some file format, or `(samples, sample_rate)`."""


@dataclass(frozen=True)
class Contents:
    """An encoded sound that has been read.

    Attributes:
        name: What messages call it: its path, or what kind of object held it.
        data: All its bytes.
    """

    name: str
    data: bytes


def describe(source: object) -> str:
    """Return what messages call a source: its path, or the kind of object it is."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, tuple):
        return "samples"
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "bytes"
    return str(getattr(source, "name", type(source).__name__))


def read(source: Encoded | Contents, limits: Limits = DEFAULT_LIMITS) -> Contents:
    """Read the whole of an encoded sound; return one that has been read already as it is.

    Raises:
        ClipNotFoundError: The path does not exist.
        ClipFormatError: It is not a regular file, not a binary file object, or unreadable.
        ClipEmptyError: It has no bytes.
        ClipLimitError: It has more bytes than `limits` allow.
    """
    if isinstance(source, Contents):
        return source
    name = describe(source)
    if isinstance(source, (str, os.PathLike)):
        data = _read_path(Path(source), limits)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        limits.check_file(memoryview(source).nbytes, name)
        data = bytes(source)  # the same object for bytes; a copy of what may still change
    elif isinstance(source, BinaryFile):
        data = _read_file(source, name, limits)
    else:
        raise ClipFormatError(
            f"expected a path, bytes, a binary file or (samples, sample_rate) as a sound, "
            f"got {type(source).__name__}",
            source=name,
        )
    if not data:
        raise ClipEmptyError(f"expected a sound, got no bytes at all: {name}", source=name)
    return Contents(name, data)


def _read_path(path: Path, limits: Limits) -> bytes:
    try:
        mode = path.stat().st_mode  # before it is opened: opening a FIFO without a writer blocks
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ClipFormatError(
                f"expected a regular file, got a pipe, socket or device: {path}. Read it yourself "
                "and pass the bytes",
                source=str(path),
            )
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            limits.check_file(size, str(path))
            return file.read(size)
    except ClipError:
        raise
    except FileNotFoundError as error:
        raise ClipNotFoundError(
            f"expected a sound file, found nothing at {path} (working directory {Path.cwd()})",
            source=str(path),
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise ClipFormatError(
            f"expected a readable sound file, got {type(error).__name__}: {error}", source=str(path)
        ) from error


def _read_file(file: BinaryFile, name: str, limits: Limits) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        try:
            piece: object = file.read(PIECE_BYTES)
        except (OSError, ValueError) as error:  # ValueError: a closed file
            raise ClipFormatError(
                f"expected a readable file object, got {type(error).__name__}: {error}", source=name
            ) from error
        if not isinstance(piece, bytes):
            raise ClipFormatError(
                f"expected a file opened in binary mode, its read() returned "
                f"{type(piece).__name__}: open {name} with mode 'rb'",
                source=name,
            )
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
        limits.check_file(size, name, so_far=True)
