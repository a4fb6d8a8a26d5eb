"""Owns what a user may give as a sound, and reads it once. Decodes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from lastword.errors import ClipEmptyError, ClipFormatError, ClipNotFoundError

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray


@runtime_checkable
class BinaryFile(Protocol):
    """A file object opened in binary mode."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the bytes from here to the end."""


Encoded: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile"
"""A sound in some file format."""
Source: TypeAlias = "Encoded | tuple[NDArray[Any], int]"
"""A sound in some file format, or `(samples, sample_rate)`."""


def describe(source: object) -> str:
    """Name a source for people: a path, or what kind of object it is."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, tuple):
        return "samples"
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "bytes"
    return str(getattr(source, "name", type(source).__name__))


def read(source: Encoded) -> bytes:
    """Read the whole of an encoded sound.

    Raises:
        ClipNotFoundError: The path does not exist.
        ClipFormatError: It is a folder, cannot be read, or is no binary file.
        ClipEmptyError: It has no bytes.
    """
    name = describe(source)
    if isinstance(source, (str, os.PathLike)):
        data = _read_path(Path(source))
    elif isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)  # the same object for bytes; a copy of what may still change
    elif isinstance(source, BinaryFile):
        data = _read_file(source, name)
    else:
        raise ClipFormatError(
            f"expected a path, bytes, a binary file or (samples, sample_rate) as a sound, "
            f"got {type(source).__name__}",
            source=name,
        )
    if not data:
        raise ClipEmptyError(f"expected a sound, got no bytes at all: {name}", source=name)
    return data


def _read_path(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ClipNotFoundError(
            f"expected a sound file, found nothing at {path} (working directory {Path.cwd()})",
            source=str(path),
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise ClipFormatError(
            f"expected a readable sound file, got {type(error).__name__}: {error}", source=str(path)
        ) from error


def _read_file(file: BinaryFile, name: str) -> bytes:
    try:
        data: object = file.read()
    except (OSError, ValueError) as error:  # ValueError: a closed file
        raise ClipFormatError(
            f"expected a readable file object, got {type(error).__name__}: {error}", source=name
        ) from error
    if not isinstance(data, bytes):
        raise ClipFormatError(
            f"expected a file opened in binary mode, its read() returned {type(data).__name__}: "
            f"open {name} with mode 'rb'",
            source=name,
        )
    return data
