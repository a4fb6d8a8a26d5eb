"""`make release` refuses what cannot be released, and says what to change."""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path
from typing import Any

import pytest

TODAY = dt.date(2026, 2, 1)
PATH = Path(__file__).parent.parent / "release" / "ready.py"


def ready() -> Any:
    """The script, which is in no package."""
    spec = importlib.util.spec_from_file_location("ready", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def faults(*sections: str) -> str:
    """What is wrong with a changelog of version 1.2.3."""
    text = "\n\n".join(("# Changelog\n\nNewest first.", *sections))
    return "; ".join(ready().faults_of_changelog(text, "1.2.3", TODAY))


def test_a_changelog_that_is_ready() -> None:
    assert not faults("## Unreleased", "## 1.2.3 - 2026-02-01\n- New.", "## 1.2.2 - 2025-12-24")
    assert not faults("## 1.2.3 - 2026-01-31\n\n### Sound\n- New.")


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (("## Unreleased\n- Something.", "## 1.2.3 - 2026-02-01\n- New."), 'under "Unreleased"'),
        (("## Unreleased", "## 1.2.2 - 2026-02-01\n- New."), 'newest release, got "1.2.2"'),
        (("## Unreleased\n",), "newest release, got none"),
        (("## 1.2.3 - 2026-02-01\n", "## 1.2.2 - 2025-12-24\n- Old."), "an empty section"),
        (("## 1.2.3 - 2026-02-02\n- New.",), "got '2026-02-02'"),
        (("## 1.2.3\n- New.",), "got ''"),
    ],
)
def test_a_changelog_that_is_not_ready(sections: tuple[str, ...], said: str) -> None:
    assert said in faults(*sections)


@pytest.mark.parametrize("version", ["1.2", "1.2.3.dev0", "1.2.3+local", ""])
def test_a_version_that_is_no_release(version: str) -> None:
    assert ready().faults_of_version(version)
    assert not ready().faults_of_version("1.2.3") + ready().faults_of_version("1.2.3rc1")


def test_what_is_built_is_of_this_version() -> None:
    names = ["lastword-1.2.3.tar.gz", "lastword-1.2.3-cp311-abi3-macosx_11_0_arm64.whl"]
    assert not ready().faults_of_dist(names, "1.2.3")
    assert "1.2.4" in ready().faults_of_dist(names, "1.2.4")[0]
    assert "none" in ready().faults_of_dist([], "1.2.3")[0]


def test_the_script_uploads_nothing() -> None:
    """It runs git alone, and only to read."""
    text = PATH.read_text("utf-8")
    assert text.count("subprocess.run") == 1
    assert '["git", "-C", str(ROOT), *arguments]' in text
