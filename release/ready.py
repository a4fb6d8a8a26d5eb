"""Checks that the tree can be released: version, changelog, commits; then says how to publish it.

python release/ready.py          # before anything is built
python release/ready.py --built  # what is in dist/ is this version; prints what remains to do
"""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
# PEP 440, without the forms that are not released
RELEASED = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def version() -> str:
    """Return the version that the package says it has."""
    found = VERSION.search((ROOT / "src" / "lastword" / "__init__.py").read_text("utf-8"))
    return found[1] if found else ""


def faults_of_version(given: str) -> list[str]:
    """Say what is wrong with a version."""
    if RELEASED.fullmatch(given):
        return []
    return [f"expected __version__ such as 1.2.3 or 1.2.3rc1, got {given!r}; set it"]


def faults_of_changelog(text: str, given: str, today: dt.date) -> list[str]:
    """Say what is wrong with the changelog of a release.

    Args:
        text: The changelog.
        given: The version to be released.
        today: No release is of a later day.
    """
    _, *parts = HEADING.split(text)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    faults = []
    if sections.get("Unreleased", "").strip():
        faults.append(f'expected nothing under "Unreleased"; move it to "## {given} - {today}"')
    released = [heading for heading in sections if heading != "Unreleased"]
    newest, _, day = (released or [""])[0].partition(" - ")
    if newest != given:
        got = f'"{newest}"' if newest else "none"
        return [*faults, f'expected "## {given} - {today}" as the newest release, got {got}']
    if not sections[released[0]].strip():
        faults.append(f"expected what is new in {given}, got an empty section; write it")
    try:
        is_over = dt.date.fromisoformat(day) <= today
    except ValueError:
        is_over = False
    if not is_over:
        faults.append(
            f"expected the day of {given}, {today} at the latest, got {day!r}; correct it"
        )
    return faults


def faults_of_commits(given: str) -> list[str]:
    """Say what is not committed, or that the version has been released before."""
    faults = []
    if git("status", "--porcelain"):
        faults.append("expected all to be committed; `git status` shows what is not")
    if git("tag", "--list", f"v{given}"):
        faults.append(f"expected a version without a tag, got v{given}; raise __version__")
    return faults


def faults_of_dist(names: list[str], given: str) -> list[str]:
    """Say which files were built of another version, or that there are none."""
    others = [name for name in names if not name.startswith(f"lastword-{given}")]
    if not names or others:
        return [f"expected files of {given} in dist/, got {others or 'none'}; run make wheels"]
    return []


def git(*arguments: str) -> str:
    """Return what git says of this tree."""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """Print what is wrong; return the exit code."""
    given = version()
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    today = dt.datetime.now(dt.timezone.utc).date()
    faults = faults_of_version(given) + faults_of_changelog(changelog, given, today)
    faults += faults_of_commits(given)
    if "--built" in sys.argv:
        faults += faults_of_dist([path.name for path in (ROOT / "dist").glob("*")], given)
    for fault in faults:
        print(fault)
    if not faults and "--built" in sys.argv:
        print(f"lastword {given} is built and checked. To publish it:")
        print(f"  git tag -a v{given} -m 'lastword {given}' && git push origin v{given}")
        print("  .venv/bin/twine upload dist/*")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
