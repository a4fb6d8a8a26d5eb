"""Runs the suite with the newest release of every dependency, and names what moved.

`passed.txt` lists the versions with which it passed last; a run that passes writes it again. All
that lastword, its tests and the plugins bring along is compared. Ends with a table and with exit
code 1 if a test failed.

    python tests/versions/newest.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from versions.environments import ROOT, Trial, python_in, uv, verdict
from versions.pythons import ROOMS, prepare, pythons

FOLDER = ROOT / "build" / "newest"
PASSED = Path(__file__).with_name("passed.txt")


def frozen(lines: str) -> dict[str, str]:
    """Read name -> version from lines of `name==version`."""
    return dict(line.split("==") for line in lines.split() if "==" in line)


def moved(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """Say which packages have another version, are new or are gone."""
    names = sorted({*then, *now})
    return [
        f"{name:<36} {then.get(name, '-'):>14} -> {now.get(name, '-')}"
        for name in names
        if then.get(name) != now.get(name)
    ]


def main() -> int:
    """Install, compare, test and print; return the exit code."""
    version, python = [*pythons().items()][-1]
    trials = [Trial(name, FOLDER, python) for name in (version, f"{version} rooms")]
    if prepare(trials[0]):
        now = frozen(uv("pip", "freeze", "--python", python_in(FOLDER)).stdout)
        changes = moved(frozen(PASSED.read_text("utf-8")), now)
        print("\n".join(changes) or "nothing moved since the tests passed last", flush=True)
        trials[0].test("tests", "--ignore", ROOMS)
        trials[1].test(ROOMS)
        if all(trial.passed for trial in trials):
            PASSED.write_text("".join(f"{name}=={now[name]}\n" for name in sorted(now)), "utf-8")
    return verdict("newest", trials)


if __name__ == "__main__":
    sys.exit(main())
