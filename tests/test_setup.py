"""What cannot be built says so in a sentence, and what is shown elsewhere needs no repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lastword

ROOT = Path(__file__).parent.parent

pytest.importorskip("Cython", reason="only those who build have it")
pytest.importorskip("setuptools")


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run this Python in the root of the project."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


def test_without_a_compiler_the_reason_is_the_first_thing_said(tmp_path: Path) -> None:
    """What is missing and how it is installed, whatever is built."""
    folders = ["--build-lib", str(tmp_path / "lib"), "--build-temp", str(tmp_path / "temp")]
    for command in ("build", "build_ext"):
        done = run("setup.py", "--quiet", command, *folders, CC="no-such-compiler")
        assert done.returncode == 1
        (said,) = [line for line in done.stderr.splitlines() if "ythoniz" not in line]
        assert "no-such-compiler is not on the PATH" in said
        assert "apt-get install gcc python3-dev" in said
        assert not (tmp_path / "lib").exists()


def test_windows_is_refused_in_a_sentence() -> None:
    """With the way out."""
    program = (
        "import runpy, sys, setuptools.command.build_ext, Cython.Build\n"
        "sys.platform = 'win32'\n"
        "runpy.run_path('setup.py')\n"
    )
    done = run("-c", program)
    (said,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert "Windows Subsystem for Linux" in said


def test_the_metadata_stand_alone() -> None:
    """The version is the package's own, and no link of the README leads into the repository."""
    assert run("setup.py", "--quiet", "--version").stdout.strip() == lastword.__version__
    shown = run("setup.py", "--quiet", "--long-description").stdout
    assert "](" not in shown.replace("](https://", "")
    assert "docs/" not in shown
