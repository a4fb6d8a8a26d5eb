"""Warns about a sound when it is decoded first, and not again for each further format."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("lastword")

_said: ContextVar[list[str] | None] = ContextVar("lastword_said", default=None)
_was_told: ContextVar[bool] = ContextVar("lastword_was_told", default=False)


def warn(message: str, *args: object, name: str, **extra: object) -> None:
    """Log a warning about a sound, unless it was told before.

    Args:
        message: With placeholders for `args`.
        *args: As for `logging`.
        name: What messages call the sound; the record's `source`.
        **extra: More attributes of the record.
    """
    said = _said.get()
    if said is not None:
        said.append(message)
    if not _was_told.get():
        logger.warning(message, *args, extra={"source": name, **extra})


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect all that is warned of inside, also of what was told before."""
    said: list[str] = []
    token = _said.set(said)
    try:
        yield said
    finally:
        _said.reset(token)


@contextmanager
def told_before() -> Iterator[None]:
    """Warn of nothing inside: the user knows of it."""
    token = _was_told.set(True)
    try:
        yield
    finally:
        _was_told.reset(token)
