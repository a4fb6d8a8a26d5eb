"""Runs the tests of sessions, failures, sound and voices on every line of livekit-agents.

`LINES` is the list of versions. Each line gets an environment of its own under `build/versions`,
with the newest release of the line, and uses the extension that is built in the tree: it must be
run by the Python that built it. Ends with a table and with exit code 1 if a test failed anywhere.

    python tests/versions/run.py [--line 1.4 ...] [--tests FOLDER ...] [-- arguments for pytest]
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass

from versions.environments import INSTALL_LIMIT_S, ROOT, Trial, each, run, uv, verdict

FOLDER = ROOT / "build" / "versions"
TESTS = ("tests/session", "tests/failure", "tests/audio", "tests/voice")


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

OLDEST = Line("1.4", "livekit-agents>=1.4.6,<1.5", _OPENAI_2 + _ANTHROPIC_0, lowest=True)
"""The oldest version of all, tried with the oldest of everything else too."""

LINES = (
    OLDEST,
    Line("1.5", "livekit-agents>=1.5,<1.6", _OPENAI_2 + _ANTHROPIC_0),
    Line("1.6", "livekit-agents>=1.6,<1.7", _ANTHROPIC_0),
    Line("1.7", "livekit-agents>=1.7,<1.8", _ANTHROPIC_0),
    Line("1.8", "livekit-agents>=1.8,<1.9"),
    Line("newest", "livekit-agents"),  # the same as the last one, or a line not listed yet
)
"""All lines that are supported; the newest pre-release is added to them when it is looked up."""


def newest_of_all() -> list[Line]:
    """Ask the package index for the newest release or pre-release; empty if it does not tell."""
    index = [sys.executable, "-m", "pip", "index", "versions", "--pre", "livekit-agents"]
    found = re.match(r"livekit-agents \((\S+)\)", run(index, INSTALL_LIMIT_S).stdout)
    return [Line("pre-release", f"livekit-agents=={found[1]}")] if found else []


def resolved(line: Line) -> str:
    """Find the release to test; "" if there is none.

    Alone, because a plugin may ask for more: livekit-plugins-openai 1.5.18 brings 1.5.19rc1 along,
    since livekit-agents 1.5.18 was yanked.
    """
    options = ("--quiet", "--no-deps", "--no-header", "--no-annotate", "--python", sys.executable)
    done = uv("pip", "compile", *options, "-", given=line.requirement)
    return done.stdout.strip().partition("==")[2]


def main() -> int:
    """Install, test and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--line", action="append", help="only this one: 1.4, ..., pre-release")
    parser.add_argument("--tests", action="append", help="only these, in place of all folders")
    parser.add_argument("pytest_args", nargs="*", help="after --, handed on to pytest")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)

    lines: dict[str, Line] = {}
    for line in (*LINES, *newest_of_all()):
        if options.line is None or line.name in options.line:
            lines.setdefault(resolved(line) or line.name, line)
    trials = {
        version: Trial(version, FOLDER / line.name, lowest=line.lowest)
        for version, line in lines.items()
    }

    def prepare(trial: Trial) -> bool:
        asked = (f"livekit-agents=={trial.name}", *lines[trial.name].pins)
        # there may be no plugins of a pre-release
        return trial.install(("test", "plugins"), asked) or trial.install(("test",), asked)

    each([*trials.values()], prepare, *options.pytest_args, *(options.tests or TESTS))
    return verdict("livekit-agents", [*trials.values()])


if __name__ == "__main__":
    sys.exit(main())
