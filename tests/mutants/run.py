"""Run the named tests against each break of `mutants`; every break must make one of them fail.

    python tests/mutants/run.py [words of the breaks to try, else all]

A break is made in a copy of the package; the tests run against the copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
LIMIT_S = 600
"""A run that takes longer has noticed nothing in time, and counts as failed to notice."""
FAILED = 1
"""What pytest exits with when tests ran and some failed; anything else is no verdict."""


def main() -> int:
    """Print a table of the breaks and return how many were not noticed."""
    wanted = " ".join(sys.argv[1:])
    chosen = [mutant for mutant in MUTANTS if wanted in mutant.what]
    unnoticed = 0
    for mutant in chosen:
        killer = noticed_by(mutant)
        unnoticed += killer is None
        print(f"| {mutant.what} | {mutant.file} | {killer or '**nothing**'} |", flush=True)
    print(f"\n{len(chosen) - unnoticed} of {len(chosen)} noticed")
    return unnoticed


def noticed_by(mutant: Mutant) -> str | None:
    """Return the first test that fails with the break, or None."""
    with tempfile.TemporaryDirectory(prefix="mutant") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source)
        broken = source / "lastword" / mutant.file
        text = broken.read_text()
        if text.count(mutant.old) != 1:
            raise SystemExit(
                f"{mutant.what}: expected the old text once in {mutant.file}, got it "
                f"{text.count(mutant.old)} times; mend the list of mutants"
            )
        broken.write_text(text.replace(mutant.old, mutant.new))
        return first_failure(source, mutant.tests)


def first_failure(source: Path, tests: tuple[str, ...]) -> str | None:
    """Run tests against a copy of the package until one fails, and return its name."""
    # tracebacks as Python has them: pytest reads them with `ast`, which fails on CPython 3.11.7
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=native", *tests]
    environment = os.environ | {"PYTHONPATH": str(source)}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    if done.returncode == 0:
        return None
    if done.returncode != FAILED or not failed:
        raise SystemExit(f"the tests did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed[0].split()[1]


if __name__ == "__main__":
    sys.exit(main())
