"""Runs the tests on every Python of this machine from 3.10 on.

Each gets an environment of its own under `build/pythons` and an extension built for it in the tree.
The lowest has the oldest packages that pyproject.toml allows, the others the newest. The tests in
real rooms run on the highest alone, when the others are done: they need the machine for themselves.
Ends with a table and with exit code 1 if a test failed anywhere.

    python tests/versions/pythons.py [--rest] [-- arguments for pytest]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from versions.environments import ROOT, Trial, each, uv, verdict
from versions.run import OLDEST

FOLDER = ROOT / "build" / "pythons"
ROOMS = "tests/room"
LOWEST = (3, 10)


def pythons() -> dict[str, str]:
    """Find the Pythons of this machine: version such as "3.10" -> path, the lowest first.

    Those of pyenv are looked for too: of them only the chosen ones answer by their names.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    os.environ["PATH"] = os.pathsep.join([*map(str, pyenv.glob("*/bin")), os.environ["PATH"]])
    listed = uv("python", "list", "--only-installed", "--output-format", "json").stdout
    found: dict[tuple[int, int], str] = {}
    for python in json.loads(listed):  # the newest of each version comes first
        parts = python["version_parts"]
        version = (parts["major"], parts["minor"])
        is_plain = python["implementation"] == "cpython" and python["variant"] == "default"
        if is_plain and version >= LOWEST:
            found.setdefault(version, python["path"])
    return {f"{major}.{minor}": found[major, minor] for major, minor in sorted(found)}


def prepare(trial: Trial) -> bool:
    """Install what the tests need, and build the extension."""
    pins = (OLDEST.requirement, *OLDEST.pins) if trial.lowest else ()
    return trial.install(("test", "plugins", "native"), pins) and trial.build()


def parts() -> tuple[str, ...]:
    """Return the tests of `--rest`: no rooms, and of the rehearsals the documented file."""
    wings = ("audio", "voice", "failure", "session")
    files = sorted(Path("tests").glob("test_cli*.py"))
    documented = "tests/testing/test_pytest_plugin.py"
    minutes = ("--deselect", "tests/test_cli_drill.py::test_a_whole_drill")
    return (*(f"tests/{wing}" for wing in wings), *map(str, files), documented, *minutes)


def main() -> int:
    """Install, test and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--rest",
        action="store_true",
        help="the other Pythons than `make test`'s: sound, voice, command, failures and sessions",
    )
    parser.add_argument("pytest_args", nargs="*", help="after --, handed on to pytest")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)

    found = pythons()
    lowest = next(iter(found))
    trials = [Trial(f"{lowest} oldest", FOLDER / f"{lowest}-oldest", found[lowest], lowest=True)]
    for version, path in found.items():
        is_this = options.rest and version == "{}.{}".format(*sys.version_info)
        if (version != lowest or len(found) == 1) and not is_this:
            trials.append(Trial(version, FOLDER / version, path))
    wanted = parts() if options.rest else ("tests", "--ignore", ROOMS)
    each(trials, prepare, *wanted, *options.pytest_args)
    if not options.rest:
        rooms = Trial(f"{trials[-1].name} rooms", trials[-1].folder, trials[-1].python)
        each([rooms], prepare, ROOMS, *options.pytest_args)
        trials.append(rooms)
    return verdict("Python", trials)


if __name__ == "__main__":
    sys.exit(main())
