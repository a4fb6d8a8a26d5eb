"""The tree keeps its promise: the ways of sound, words and failure meet in `session/` alone."""

import ast
import functools
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syntax import parsed

PACKAGE = Path(__file__).parent.parent / "src" / "lastword"
MODULES = sorted(PACKAGE.rglob("*.py"))

# modules at the top that all may import; of ours they import `traces` alone
BASE = {"bounded", "contained", "errors", "lazy", "traces"}
# what a process without livekit-agents may use
SLIM = (
    "audio",
    "room",
    "session.after",
    "session.ending",
    "session.playout.heard",
    "session.playout.own_way",
    "session.report",
    "session.words.utterance",
)
# wing or module at the top -> what else of ours it may import, itself left out
MAY_IMPORT = {
    "audio": set[str](),
    "_upstream": set[str](),
    "failure": {"_upstream"},
    "room": {"failure.redact"},
    "voice": {"_upstream", "audio"},
    "session": {"_upstream", "audio", "failure", "room", "sentinel", "voice"},
    "sentinel": {
        "audio",
        "failure.failure",
        "failure.kinds",
        "failure.redact",
        "room",
        *(name for name in SLIM if name.startswith("session.")),
    },
    "testing": {"_upstream", "failure", "session"},
    "cli": {"_upstream", "audio", "failure", "room", "session", "testing", "voice"},
    "__init__": {"audio", "failure", "session", "voice"},
    "__main__": {"cli"},
}
# wing -> modules of others that it must not know
FOREIGN = {
    "audio": ("livekit.agents", "livekit.api"),
    "failure": ("livekit.rtc",),
    "room": ("livekit.agents",),
    "sentinel": ("livekit.agents",),
}


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """Parse a file once."""
    return parsed(path.read_text())


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, also inside functions."""
    package = ["lastword", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    """The dotted name of a file below `lastword`; a package's own file is "<package>.__init__"."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def is_below(name: str, *roots: str) -> bool:
    """Whether a dotted name is one of some others or in one of them."""
    return any(f"{name}.".startswith(f"{root}.") for root in roots)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_wing_knows_only_what_stands_below_it(path: Path) -> None:
    """No module imports a wing that its own may not know: nothing imports upwards."""
    wing = name_of(path).split(".")[0]
    below = {"traces"} if wing in BASE else {wing, *BASE, *MAY_IMPORT[wing]}
    allowed = ["lastword.__version__", *(f"lastword.{name}" for name in below)]
    bad = [n for n in imports(path) if is_below(n, "lastword") and not is_below(n, *allowed)]
    bad += [n for n in imports(path) if is_below(n, *FOREIGN.get(wing, ()))]
    assert not bad, f"{name_of(path)} must not import {bad}"


def imports_of_modules() -> dict[str, set[str]]:
    """Our modules with what each imports of ours, imports for the type checker included."""
    names = {name_of(path) for path in MODULES}

    def module(imported: str) -> str | None:
        parts = imported.removeprefix("lastword").lstrip(".").split(".")
        candidates = [".".join(parts), ".".join(parts[:-1])]
        return next((n for c in candidates for n in (c, f"{c}.__init__") if n in names), None)

    return {
        name_of(path): {
            found
            for imported in imports(path)
            if is_below(imported, "lastword") and (found := module(imported)) is not None
        }
        - {name_of(path)}
        for path in MODULES
    }


def test_no_module_imports_itself_by_a_detour() -> None:
    """There is no circle, not even one that the type checker alone would go round."""
    try:
        tuple(graphlib.TopologicalSorter(imports_of_modules()).static_order())
    except graphlib.CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def test_what_a_process_without_agents_needs_does_not_bring_them() -> None:
    """The wings that must not know livekit-agents do not import it by a detour either."""
    slim = [name_of(path) for path in MODULES if is_below(name_of(path), *SLIM)]
    names = sorted(f"lastword.{name.removesuffix('.__init__')}" for name in slim)
    program = f"import sys, {', '.join(names)}; print('livekit.agents' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False\n"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    """Each file begins with a docstring."""
    assert ast.get_docstring(tree_of(path)), f"{path} has no module docstring"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_cancelled_wait_is_never_swallowed(path: Path) -> None:
    """Before Python 3.12 `asyncio.wait_for` may lose a cancellation; `bounded.within` does not."""
    assert "asyncio.wait_for" not in {
        ast.unparse(node) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute)
    }


def foreign_private_names(path: Path) -> Iterator[str]:
    """Attribute accesses `x._name` on anything but `self`, `cls` and our own modules."""
    for node in ast.walk(tree_of(path)):
        if (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.startswith("__")
            and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        ):
            yield f"line {node.lineno}: .{node.attr}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_private_names_of_upstream_stand_in_one_place(path: Path) -> None:
    """Only `_upstream` reaches into the private parts of other objects."""
    if path.parent.name == "_upstream":
        return
    bad = sorted(foreign_private_names(path))
    assert not bad, f"{path.name} touches private names: {bad}"
