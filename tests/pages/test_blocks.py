"""The code in the documentation runs: Python against a local provider, commands as they stand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lastword.sentinel.watch import ENVIRONMENT
from lastword.testing import Gateway
from pages.stage import ROOT, Stage, blocks

if TYPE_CHECKING:
    from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# They show what is not run here: a browser, an image, what a program prints.
NOT_RUN = {"javascript", "dockerfile", "text"}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of its own, and a server's address that nobody answers at."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(tmp_path)]))
    monkeypatch.setenv("LASTWORD_CACHE_DIR", str(tmp_path / "voices"))
    monkeypatch.setenv("LIVEKIT_URL", "ws://127.0.0.1:9")
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "a secret of at least thirty-two characters")
    monkeypatch.setenv("GATEWAY", "")  # the stage sets it
    monkeypatch.setenv(ENVIRONMENT, "")  # a block that starts a sentinel sets it: undone afterwards
    monkeypatch.delenv(ENVIRONMENT)


@pytest.mark.filterwarnings("ignore:unclosed")  # blocks open what their process would close
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """In order, in one namespace, as a reader would."""
    async with Gateway() as gateway:
        stage = Stage(tmp_path, gateway)
        for block in blocks(page):
            if block.language == "python" and "pytestmark" in block.code:
                run_as_tests(block.code, tmp_path)
            elif block.language == "python":
                await stage.run(block, page)
            elif block.language == "sh":
                for line in block.code.splitlines():
                    await stage.command(line)
            elif block.language == "toml":
                assert tomllib.loads(block.code)
            elif block.language == "json":
                assert json.loads(block.code)
            else:
                assert block.language in NOT_RUN, (page, block.line)
        await stage.aclose()


def run_as_tests(code: str, folder: Path) -> None:
    """Run a whole test file, in a process of its own."""
    path = folder / "test_of_a_page.py"
    path.write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)],
        cwd=folder, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
