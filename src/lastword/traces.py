"""Describes for a log what was raised and where, without the exception's text: it may hold a key.

`exc_info` would print the text of an exception and of its whole chain, which in a failing agent
come from the provider. Imports nothing of lastword.
"""

from __future__ import annotations

import traceback
from pathlib import PurePath

_MAX_EXCEPTIONS = 4
_MAX_PLACES = 4


def told(error: BaseException) -> str:
    """Return one line: the class of an exception, where it was raised, and what it came from.

    Args:
        error: The exception; its text is left out.
    """
    raised: list[str] = []
    behind: BaseException | None = error
    while behind is not None and len(raised) < _MAX_EXCEPTIONS:
        raised.append(_one(behind))
        hidden = behind.__suppress_context__
        behind = behind.__cause__ or (None if hidden else behind.__context__)
    return ", from ".join(raised)


def _one(error: BaseException) -> str:
    frames = traceback.walk_tb(error.__traceback__)
    places = [f"{_file(f.f_code.co_filename)}:{line} in {f.f_code.co_name}" for f, line in frames]
    at = " > ".join(places[-_MAX_PLACES:])
    return f"{type(error).__name__} at {at}" if at else type(error).__name__


def _file(path: str) -> str:
    return "/".join(PurePath(path).parts[-2:])
