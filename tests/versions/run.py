"""Runs the tests of sessions and failures on every supported line of livekit-agents.

Owns the one list of versions, `LINES`. Each line gets an environment of its own under
`build/versions`, made by uv with the newest release of the line, and uses the extension that is
built in the tree: it must be run by the Python that built it. Ends with a table and with exit code
1 if a test failed anywhere.

    python tests/versions/run.py [--line 1.4 ...] [-- arguments for pytest]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "versions"
TESTS = ("tests/session", "tests/failure")

INSTALL_LIMIT_S = 300.0
TESTS_LIMIT_S = 600.0


@dataclass(frozen=True)
class Line:
    """One line of releases.

    Attributes:
        name: Its name in the table and of its folder.
        requirement: What uv is asked for; it takes the newest that fits.
        pins: What the line needs beside it.
        lowest: Whether all other packages are taken as old as pyproject.toml allows.
    """

    name: str
    requirement: str
    pins: tuple[str, ...] = ()
    lowest: bool = False


# openai 3 dropped httpx, which livekit-agents before 1.6 imports without asking for it
_OPENAI_2 = ("openai>=2,<3", "httpx")
# anthropic 1 dropped what the plugin before 1.8 imports, and the plugin asks for no older one
_ANTHROPIC_0 = ("anthropic<1",)

LINES = (
    Line("1.4", "livekit-agents>=1.4.6,<1.5", _OPENAI_2 + _ANTHROPIC_0, lowest=True),
    Line("1.5", "livekit-agents>=1.5,<1.6", _OPENAI_2 + _ANTHROPIC_0),
    Line("1.6", "livekit-agents>=1.6,<1.7", _ANTHROPIC_0),
    Line("1.7", "livekit-agents>=1.7,<1.8", _ANTHROPIC_0),
    Line("1.8", "livekit-agents>=1.8,<1.9"),
    Line("newest", "livekit-agents"),  # the same as the last one, or a line not listed yet
)
"""All lines that lastword supports; the newest pre-release is added to them when it is looked up.

The first is the oldest version of all, tried with the oldest of everything else too.
"""


@dataclass
class Outcome:
    """What became of one line.

    Attributes:
        line: The line.
        version: The release that was found, "" if none was.
        summary: The last line of pytest, or why it did not run.
        passed: Whether every test passed.
        complaints: The lines that name failed tests.
        extras: What of pyproject.toml could be installed.
        seconds: Wall time of installing and testing.
    """

    line: Line
    version: str = ""
    summary: str = ""
    passed: bool = False
    complaints: list[str] = field(default_factory=list)
    extras: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def log(self) -> Path:
        """The file that takes all output."""
        return FOLDER / f"{self.line.name}.log"


def newest_of_all() -> list[Line]:
    """Asks the package index for the newest release or pre-release; empty if it does not tell."""
    index = [sys.executable, "-m", "pip", "index", "versions", "--pre", "livekit-agents"]
    found = re.match(r"livekit-agents \((\S+)\)", run(index, INSTALL_LIMIT_S).stdout)
    return [Line("pre-release", f"livekit-agents=={found[1]}")] if found else []


def resolve(line: Line) -> Outcome:
    """Finds the release to test.

    Alone, because a plugin may ask for more: livekit-plugins-openai 1.5.18 brings 1.5.19rc1 along,
    since livekit-agents 1.5.18 was yanked.
    """
    outcome = Outcome(line)
    options = ("--quiet", "--no-deps", "--no-header", "--no-annotate", "--python", sys.executable)
    done = uv("pip", "compile", *options, "-", given=line.requirement)
    outcome.version = done.stdout.strip().partition("==")[2]
    if not outcome.version:
        outcome.summary, outcome.complaints = "no such release", done.stderr.splitlines()
    return outcome


def install(outcome: Outcome) -> bool:
    """Makes or refreshes the environment of a line."""
    line, started = outcome.line, time.monotonic()
    venv = FOLDER / line.name
    if not (venv / "bin" / "python").exists():
        shutil.rmtree(venv, ignore_errors=True)
        uv("venv", "--quiet", "--python", sys.executable, str(venv))
    for extras in (("test", "plugins"), ("test",)):  # there may be no plugins of a pre-release
        done = uv(
            *("pip", "install", "--quiet", "--python", str(venv / "bin" / "python")),
            *(("--resolution", "lowest-direct") if line.lowest else ()),
            *("--requirements", str(ROOT / "pyproject.toml")),
            *(part for extra in extras for part in ("--extra", extra)),
            *(f"livekit-agents=={outcome.version}", *line.pins),
        )
        if not done.returncode:
            outcome.extras = extras
            break
    else:
        outcome.summary, outcome.complaints = "not installed", done.stderr.splitlines()
    outcome.seconds = time.monotonic() - started
    return bool(outcome.extras)


def test(outcome: Outcome, pytest_args: list[str]) -> None:
    """Runs the tests in the environment of a line and notes the result."""
    started = time.monotonic()
    python = FOLDER / outcome.line.name / "bin" / "python"
    command = [str(python), "-m", "pytest", "-q", "--tb=short", *pytest_args, *TESTS]
    done = run(command, TESTS_LIMIT_S)
    outcome.passed = done.returncode == 0
    outcome.summary = (done.stdout.strip().splitlines() or [done.stderr[-80:]])[-1].strip("= ")
    outcome.seconds += time.monotonic() - started
    named = re.findall(r"^(?:FAILED|ERROR) .*$", done.stdout, re.MULTILINE)
    outcome.complaints = named or done.stdout.splitlines()[-20:]
    outcome.log.write_text(done.stdout + done.stderr)


def uv(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the uv that is installed beside this Python."""
    return run([str(Path(sys.executable).parent / "uv"), *arguments], INSTALL_LIMIT_S, given)


def run(command: list[str], limit_s: float, given: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a command in the root of the project; one that takes too long is a failed one."""
    # `make test` has the 2,000 random sequences of the closing; a line gets some of them
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


def main() -> int:
    """Installs, tests and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--line", action="append", help="only this one: 1.4, ..., pre-release")
    parser.add_argument("pytest_args", nargs="*", help="after --, handed on to pytest")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)

    outcomes: dict[str, Outcome] = {}
    for line in (*LINES, *newest_of_all()):
        if options.line is None or line.name in options.line:
            outcome = resolve(line)
            outcomes.setdefault(outcome.version or line.name, outcome)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ready = [outcome for outcome in outcomes.values() if outcome.version and install(outcome)]
        list(pool.map(lambda outcome: test(outcome, options.pytest_args), ready))

    print(f"{'livekit-agents':<16}{'result':<9}{'time':>6}  tests")
    for outcome in outcomes.values():
        result = "passed" if outcome.passed else "FAILED"
        name = outcome.version or outcome.line.name
        print(f"{name:<16}{result:<9}{outcome.seconds:>5.0f}s  {outcome.summary}")
    failed = [outcome for outcome in outcomes.values() if not outcome.passed]
    for outcome in failed:
        print(f"\n{outcome.version or outcome.line.name}, in {outcome.log}:")
        print("\n".join(outcome.complaints))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
