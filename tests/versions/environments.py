"""Environments made by uv, and what became of the tests in them; for run.py and pythons.py.

Each stands in a folder of its own under `build/` and is kept. The packages are those of
pyproject.toml; lastword itself comes from `src/`, with the extension that is built there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).parents[2]

INSTALL_LIMIT_S = 300.0
TESTS_LIMIT_S = 1200.0
AT_ONCE = 2


@dataclass
class Trial:
    """One environment and what became of it.

    Attributes:
        name: Its name in the table.
        folder: Where it stands.
        python: The Python that it is made of.
        lowest: Whether packages are taken as old as pyproject.toml allows.
        summary: The last line of pytest, or why it did not run.
        passed: Whether every test passed.
        complaints: The lines that name failed tests.
        seconds: Wall time of installing and testing.
    """

    name: str
    folder: Path
    python: str = sys.executable
    lowest: bool = False
    summary: str = ""
    passed: bool = False
    complaints: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def log(self) -> Path:
        """The file that takes all output of the tests."""
        return self.folder.with_name(f"{self.folder.name}.log")

    def install(self, groups: Iterable[str], requirements: Iterable[str] = ()) -> bool:
        """Make or refresh the environment; tell whether it is there.

        Args:
            groups: Dependency groups of pyproject.toml.
            requirements: What is wanted beside them.
        """
        done = environment(
            self.folder,
            self.python,
            *(("--resolution", "lowest-direct") if self.lowest else ()),
            *("--requirements", "pyproject.toml"),
            *(part for group in groups for part in ("--group", f"pyproject.toml:{group}")),
            *requirements,
        )
        return self._done("not installed", done)

    def build(self) -> bool:
        """Build the extension for this Python in the tree; tell whether it is there."""
        command = [python_in(self.folder), "setup.py", "--quiet", "build_ext", "--inplace"]
        return self._done("the extension was not built", run(command, INSTALL_LIMIT_S))

    def test(self, *pytest_args: str) -> None:
        """Run tests and note the result."""
        started = time.monotonic()
        options = ("-q", "--tb=short", "-p", "no:cacheprovider")  # two runs would share the cache
        command = [python_in(self.folder), "-m", "pytest", *options, *pytest_args]
        done = run(command, TESTS_LIMIT_S)
        self.log.write_text(done.stdout + done.stderr)
        self.passed = done.returncode == 0
        self.summary = (done.stdout.strip().splitlines() or [done.stderr[-80:]])[-1].strip("= ")
        named = re.findall(r"^(?:FAILED|ERROR) tests/.*$", done.stdout, re.MULTILINE)
        self.complaints = named or done.stdout.splitlines()[-20:]
        self.seconds += time.monotonic() - started

    def _done(self, otherwise: str, done: subprocess.CompletedProcess[str]) -> bool:
        if done.returncode:
            self.summary = otherwise
            self.complaints = (done.stdout + done.stderr).splitlines()[-20:]
        return done.returncode == 0


def python_in(folder: Path) -> str:
    """Return the Python of an environment."""
    return str(folder / "bin" / "python")


def environment(folder: Path, python: str, *wanted: str) -> subprocess.CompletedProcess[str]:
    """Make or refresh an environment with the newest packages that are allowed.

    Args:
        folder: Where it stands.
        python: The Python that it is made of.
        wanted: What `uv pip install` is given.
    """
    if not Path(python_in(folder)).exists():
        shutil.rmtree(folder, ignore_errors=True)
        uv("venv", "--quiet", "--python", python, str(folder))
    return uv("pip", "install", "--quiet", "--upgrade", "--python", python_in(folder), *wanted)


def uv(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the uv that is installed beside this Python."""
    return run([str(Path(sys.executable).parent / "uv"), *arguments], INSTALL_LIMIT_S, given)


def run(command: list[str], limit_s: float, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in the root of the project; one that takes too long is a failed one."""
    # `make test` has the 2,000 random sequences of the closing; an environment gets some of them
    environment = {"LASTWORD_SEQUENCES": "200", **os.environ, "PYTHONPATH": str(ROOT / "src")}
    try:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            input=given,
            timeout=limit_s,
            capture_output=True,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        output = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else ""
        text = f"{output}\nstopped after {limit_s:.0f} s"
        return subprocess.CompletedProcess(command, returncode=124, stdout=text, stderr="")


def each(trials: list[Trial], prepare: Callable[[Trial], bool], *pytest_args: str) -> None:
    """Prepare environments one after the other, then test in those that are there, two at once."""
    ready = []
    for trial in trials:
        started = time.monotonic()
        if prepare(trial):
            ready.append(trial)
        trial.seconds += time.monotonic() - started
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda trial: trial.test(*pytest_args), ready))


def verdict(heading: str, trials: list[Trial]) -> int:
    """Print what became of all trials; return the exit code, 1 if one failed."""
    print(f"{heading:<16}{'result':<9}{'time':>6}  tests")
    for trial in trials:
        result = "passed" if trial.passed else "FAILED"
        print(f"{trial.name:<16}{result:<9}{trial.seconds:>5.0f}s  {trial.summary}")
    failed = [trial for trial in trials if not trial.passed]
    for trial in failed:
        print(f"\n{trial.name}, in {trial.log}:")
        print("\n".join(trial.complaints))
    return 1 if failed or not trials else 0
