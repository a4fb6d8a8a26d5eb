"""Keeps out of the sentinel's process what its imports bring along although it never uses it."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def slim_imports() -> Iterator[None]:
    """Import without numpy and cryptography: 12 of 45 MB.

    livekit.rtc imports numpy for a mixer and for sound cards (livekit 1.1.21). PyJWT imports
    cryptography if it is there, for algorithms that LiveKit's tokens (HS256) do not use. Afterwards
    both can be imported as ever.
    """
    numpy, cryptography = "numpy" not in sys.modules, "cryptography" not in sys.modules
    stand_in = _OnDemand("numpy")
    if numpy:
        sys.modules["numpy"] = stand_in
    if cryptography:
        sys.modules["cryptography"] = None  # type: ignore[assignment] # the import system's "absent"
    try:
        yield
    finally:
        stand_in.importing = False
        if sys.modules.get("numpy") is stand_in:
            del sys.modules["numpy"]
        if cryptography:
            del sys.modules["cryptography"]


class _OnDemand(ModuleType):
    """Stands for a module until anything of it but the name of its arrays is asked for.

    Attributes:
        importing: Whether the name of the arrays still stands in annotations alone.
    """

    importing = True

    def __getattr__(self, name: str) -> object:
        if self.importing and name == "ndarray":
            return object
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)
