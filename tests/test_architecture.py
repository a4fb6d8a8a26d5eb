"""The tree keeps its promise: the ways of sound, words and failure meet in `session/` alone."""

import ast
import functools
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "lastword"
MODULES = sorted(PACKAGE.rglob("*.py"))

FORBIDDEN = {
    "audio": ("livekit.agents", "lastword.voice", "lastword.failure", "lastword.session",
              "lastword._upstream"),
    "failure": ("livekit.rtc", "lastword.audio", "lastword.voice", "lastword.session"),
    "voice": ("lastword.failure", "lastword.session"),
    "_upstream": ("lastword.audio", "lastword.voice", "lastword.failure", "lastword.session"),
}  # fmt: skip


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Parses a file once, with no garbage collection inside.

    CPython 3.11 fails with "AST constructor recursion depth mismatch" if a collection runs foreign
    finalisers in between (gh-106905).
    """
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, also inside functions."""
    package = ["lastword", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_way_does_not_know_the_others(path: Path) -> None:
    """No module imports what its folder must not know."""
    forbidden = FORBIDDEN.get(path.relative_to(PACKAGE).parts[0], ())
    bad = [name for name in imports(path) if any(f"{name}.".startswith(f"{f}.") for f in forbidden)]
    assert not bad, f"{path.name} must not import {bad}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_says_what_it_owns(path: Path) -> None:
    """Each file begins with a docstring."""
    assert ast.get_docstring(parsed(path)), f"{path} has no module docstring"


def foreign_private_names(path: Path) -> Iterator[str]:
    """Attribute accesses `x._name` on anything but `self`, `cls` and our own modules."""
    for node in ast.walk(parsed(path)):
        if (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.startswith("__")
            and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        ):
            yield f"line {node.lineno}: .{node.attr}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_private_names_of_upstream_stand_in_one_place(path: Path) -> None:
    """Only `_upstream` reaches into the private parts of other objects."""
    if path.parent.name == "_upstream":
        return
    bad = sorted(foreign_private_names(path))
    assert not bad, f"{path.name} touches private names: {bad}"
