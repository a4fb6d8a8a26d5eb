"""Reads, once per class, what an exception's class reveals and which attributes to read of it.

Reads no exception and does not interpret codes.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from ..providers import provider_of_name
from .model import ATTACHED

NUMBERS = ("status_code", "status", "code", "type")
"""Attributes that hold a status or a code."""

CONTENTS = ("body", "details", "response")
"""Attributes that hold what was answered."""

_OTHERS = ("message", "strerror", "rcvd", "request", "request_info", ATTACHED)
ASKED = frozenset((*NUMBERS, *CONTENTS, *_OTHERS))
"""All attributes of interest."""

_SDKS = frozenset({"openai", "anthropic", "botocore", "aiobotocore", "google", "mistralai"})


class ErrorClass(NamedTuple):
    """What an exception class reveals.

    Attributes:
        names: Its name and those of its bases below `Exception`, "module.Name".
        handshake: It is raised when a WebSocket handshake is refused.
        provider: Who answered, if the class belongs to an SDK for a single provider.
        numbers: Those of `NUMBERS` to look at.
        attributes: Attributes of interest that all of its instances have.
    """

    names: tuple[str, ...]
    handshake: bool
    provider: str | None
    numbers: tuple[str, ...]
    attributes: frozenset[str]


@functools.lru_cache(maxsize=128)
def class_of(kind: type[BaseException]) -> ErrorClass:
    """Read a class of exceptions."""
    root = kind.__module__.split(".", 1)[0]
    # Whether an instance has a computed attribute cannot be known beforehand.
    computed = (
        hasattr(kind, "__getattr__") or kind.__getattribute__ is not BaseException.__getattribute__
    )
    return ErrorClass(
        tuple(f"{base.__module__}.{base.__name__}" for base in kind.__mro__[:-3]),
        "Handshake" in kind.__name__ or kind.__name__ == "InvalidStatus",
        provider_of_name(root) if root in _SDKS else None,
        # aiohttp's `code` is an older name of its `status` and warns when it is read.
        ("status",) if root == "aiohttp" else NUMBERS,
        ASKED if computed else frozenset(name for name in ASKED if hasattr(kind, name)),
    )
