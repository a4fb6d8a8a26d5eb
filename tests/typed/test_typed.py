"""Type checkers accept what users write, and refuse what would fail in a call."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

import lastword
from programs import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
SRC = HERE.parents[1] / "src"
REFUSED = HERE / "refused.py"
FILES = (HERE / "accepted.py", REFUSED)
LIMIT_S = 200
EXPECTED = re.compile(r"  # (?P<mypy>[a-z-]+); (?P<pyright>\w+)$")

Found: TypeAlias = "dict[str, set[tuple[int, str]]]"
"""Name of a file -> line and code of each error in it."""


def run(module: str, *arguments: str) -> str:
    """Run a type checker on this Python, and return what it prints."""
    if importlib.util.find_spec(module) is None:
        unavailable(f"{module} is missing: pip install --group lint")
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, cwd=SRC, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert not done.stderr, done.stderr
    return done.stdout


def mypy(folder: Path) -> Found:
    """Errors of mypy."""
    options = ("--strict", "--output", "json", "--cache-dir", str(folder), "--config-file", "")
    found: Found = defaultdict(set)
    for line in run("mypy", *options, *map(str, FILES)).splitlines():
        problem = json.loads(line)
        if problem["severity"] == "error":
            found[Path(problem["file"]).name].add((problem["line"], problem["code"]))
    return found


def pyright(folder: Path) -> Found:
    """Errors of basedpyright, which is the pyright that the package index has."""
    settings = {
        "include": [*map(str, FILES)],
        "extraPaths": [str(SRC)],
        "typeCheckingMode": "strict",
        # what is unknown is `AgentSession.start` of livekit-agents, or an error of its own
        "reportUnknownMemberType": "none",
        "reportUnknownVariableType": "none",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    printed = run("basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(folder))
    report: dict[str, Any] = json.loads(printed)
    assert report["summary"]["filesAnalyzed"] == len(FILES)
    found: Found = defaultdict(set)
    for problem in report["generalDiagnostics"]:
        line = problem["range"]["start"]["line"] + 1
        found[Path(problem["file"]).name].add((line, problem["rule"]))
    return found


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_type_checker_accepts_what_works_and_refuses_what_fails(
    checker: Callable[[Path], Found], tmp_path: Path
) -> None:
    """Each line of refused.py that names an error has it, and no other line of both has one."""
    found = checker(tmp_path)
    assert found["accepted.py"] == set()
    marked = enumerate(map(EXPECTED.search, REFUSED.read_text().splitlines()), 1)
    assert found["refused.py"] == {(number, m[checker.__name__]) for number, m in marked if m}
    assert len(found["refused.py"]) >= 19


@pytest.mark.parametrize("name", ["After", "AnyAfter", "AnyMessage", "History", "Limits", "Policy"])
def test_public_types_are_types_at_run_time_too(name: str) -> None:
    """They stand in annotations that are evaluated, such as `Policy | None`."""
    assert (getattr(lastword, name) | int) is not None
