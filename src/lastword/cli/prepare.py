"""Prepares sound files in advance, so that no process has to decode them; for `lastword bake`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lastword.audio.clip import Clip
from lastword.audio.folder import FOLDER_VARIABLE, default_folder
from lastword.audio.frames import Format
from lastword.audio.limits import DEFAULT_LIMITS
from lastword.audio.origin import Origin, Polish
from lastword.audio.prepared import frame_cache
from lastword.audio.source import read
from lastword.errors import LastWordError

from .terminal import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

_FORMAT = Format.of(24000, 1, 50)
"""What a room's output takes, and the first format of each process."""


def prepare(
    files: list[str], cache_dir: Path | None, advance: Callable[[], None]
) -> list[dict[str, Any]]:
    """Prepare sound files for the output of a LiveKit room, 24 kHz mono in frames of 50 ms.

    Args:
        files: Their paths.
        cache_dir: The folder that keeps them; None for the user's.
        advance: Called after each of them.

    Returns:
        A row per file for the table; it names an error.
    """
    if cache_dir is not None:
        os.environ[FOLDER_VARIABLE] = str(cache_dir)
    rows = []
    for file in files:
        row: dict[str, Any] = {"text": file, "duration_s": None, "was": "failed", "error": None}
        try:
            default_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
            row.update(_prepared(Path(file)))
        except LastWordError as error:
            row["error"] = one_line(str(error))
        except OSError as error:
            row["error"] = (
                f"expected a cache folder at {default_folder()}: {error.strerror}; give another "
                "one with --cache-dir"
            )
        rows.append(row)
        advance()
    return rows


def _prepared(file: Path) -> dict[str, Any]:
    origin = Origin.of(read(file), str(file), DEFAULT_LIMITS, Polish(normalize=False, trim=False))
    was_kept = _is_kept(origin)
    clip = Clip.load(file)
    clip.frames(*_FORMAT[:2])
    if was_kept:
        fate = "kept"
    elif _is_kept(origin):
        fate = "prepared"
    elif origin.name_on_disk() is None:
        fate = "not needed: it is decoded as quickly as it is found"
    else:
        fate = "not kept: it causes a warning, or the folder cannot be written"
    return {"duration_s": round(clip.duration_s, 3), "was": fate}


def _is_kept(origin: Origin) -> bool:
    cache, name = frame_cache(), origin.name_on_disk()
    return cache is not None and name is not None and cache.load(name, _FORMAT) is not None
