"""Lets a package export names without importing the modules that define them."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def exports(
    package: str, owners: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a package that imports modules when names are used.

    Args:
        package: The package's `__name__`.
        owners: Name -> the module that defines it, relative to the package (".errors").
    """

    def get(name: str) -> object:
        try:
            owner = owners[name]
        except KeyError:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        value: object = getattr(importlib.import_module(owner, package), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *owners})

    return get, names


def keep_name(package: str, name: str) -> None:
    """Let a package keep a name that one of its modules has too.

    Importing `package.name` would make the module an attribute of the package, in place of what
    the package exports under that name.
    """
    owner = sys.modules[package]

    class Keeping(type(owner)):  # type: ignore[misc] # the class of modules
        """A module one of whose names cannot be replaced."""

    def get(_: object) -> object:
        return vars(owner)["__getattr__"](name)

    setattr(Keeping, name, property(get, lambda *_: None))
    owner.__class__ = Keeping
