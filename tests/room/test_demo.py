"""`make demo-room` ends with a page that a browser shows and plays, without any network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from browser import dom_of

if TYPE_CHECKING:
    from lastword.testing.room.server import Server

DEMO = Path(__file__).parents[2] / "examples" / "demo_room.py"


def test_the_page_of_the_demo(server: Server, tmp_path: Path) -> None:
    """The recording holds the message; the page shows both calls and can play them."""
    # `server` is not used itself: it builds the binary, or skips, as for all room tests.
    done = subprocess.run(
        [sys.executable, DEMO],
        cwd=tmp_path,
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert "Report(" not in done.stdout + done.stderr
    assert "| demo" not in done.stdout
    assert "Heard at the caller: nothing." in done.stdout
    with wave.open(str(tmp_path / "demo" / "heard-in-room.wav")) as recording:
        assert recording.getframerate() == 24000
        pcm = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
    assert np.abs(pcm).max() > 3000

    page = tmp_path / "demo" / "room.html"
    assert not re.search(r"""(src|href)=(?!["']?data:)|https?://|@import|url\(""", page.read_text())
    shown = dom_of(page, tmp_path)
    sections = re.findall(r'<section data-heard="([\d.]+)" data-duration="([\d.]+)">', shown)
    (heard, duration), (heard_without, duration_without) = [map(float, s) for s in sections]
    assert 4.5 < heard < duration  # the bundled clip; the browser has read the sound itself
    assert heard_without == 0.0 < duration_without
    assert shown.count("first sound at the caller") >= 1
    assert "Heard: nothing." in shown


def test_without_go_the_demo_says_what_else_there_is(tmp_path: Path) -> None:
    """In the words of somebody who wants to hear it."""
    done = subprocess.run(
        [sys.executable, DEMO],
        cwd=tmp_path,
        env={**os.environ, "PATH": str(tmp_path), "LASTWORD_CACHE": str(tmp_path / "none")},
        check=False,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Building" not in done.stdout
    assert "make demo" in done.stderr
    assert "room tests" not in done.stderr
