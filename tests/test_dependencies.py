"""What the package imports is what pyproject.toml declares, each with a floor that is tested."""

from __future__ import annotations

import re
import sys
from itertools import chain
from pathlib import Path

import pytest

from test_architecture import MODULES, imports

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = dict(
    re.fullmatch(r"([\w-]+)(.*)", requirement.partition(";")[0]).groups()  # type: ignore[union-attr]
    for requirement in PROJECT["dependencies"]
)

PACKAGES = {
    "livekit.agents": "livekit-agents",
    "livekit.api": "livekit-api",
    "livekit.rtc": "livekit",
    "opentelemetry.context": "opentelemetry-api",
    "opentelemetry.trace": "opentelemetry-api",
    "typing_extensions": "typing-extensions",
}
"""Module -> distribution, where the names differ or several distributions share the first part."""

NOT_DECLARED = {
    "lastword": "itself",
    "tomllib": "of the standard library from 3.11 on",
    "pytest": "which loads the one module that imports it",
}


def distributions() -> set[str]:
    """What all imports come from, also those in functions and those for types alone."""
    found = set()
    for module in chain.from_iterable(map(imports, MODULES)):
        first, second = (*module.split("."), "")[:2]
        if first not in sys.stdlib_module_names and first not in NOT_DECLARED:
            found.add(PACKAGES.get(f"{first}.{second}") or PACKAGES.get(first) or first)
    return found


def test_every_import_is_declared_and_nothing_else() -> None:
    """What comes only with another package is gone when that one drops it."""
    assert set(DECLARED) == distributions()


@pytest.mark.parametrize("name", DECLARED)
def test_a_dependency_has_a_floor(name: str) -> None:
    """`make test-pythons` runs the suite with the oldest that are declared."""
    assert re.match(r">=\d", DECLARED[name])
