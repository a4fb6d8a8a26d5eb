"""`make demo-room` ends with a page that a browser shows and plays, without any network."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from programs import needs

if TYPE_CHECKING:
    from room.rig import Server

DEMO = Path(__file__).parents[2] / "examples" / "demo_room.py"
# No sandbox: it cannot be had in a container, and the page is our own. The others keep a browser
# that has no network from looking for one.
QUIET_BROWSER = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def chromium() -> str:
    """The browser that the page is checked in."""
    return needs("chromium", "chromium")


def test_the_page_of_the_demo(server: Server, chromium: str, tmp_path: Path) -> None:
    """The recording holds the message; the page shows both calls and can play them."""
    # `server` is not used itself: it builds the binary, or skips, as for all room tests.
    subprocess.run([sys.executable, DEMO], cwd=tmp_path, check=True, timeout=120)
    with wave.open(str(tmp_path / "demo" / "heard-in-room.wav")) as recording:
        assert recording.getframerate() == 24000
        pcm = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
    assert np.abs(pcm).max() > 3000

    page = tmp_path / "demo" / "room.html"
    assert not re.search(r"""(src|href)=(?!["']?data:)|https?://|@import|url\(""", page.read_text())
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    shown = subprocess.run(
        [chromium, *QUIET_BROWSER, profile, "--virtual-time-budget=5000", "--dump-dom", str(page)],
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    ).stdout
    sections = re.findall(r'<section data-heard="([\d.]+)" data-duration="([\d.]+)">', shown)
    (heard, duration), (heard_without, duration_without) = [map(float, s) for s in sections]
    assert 4.5 < heard < duration  # the bundled clip; the browser has read the sound itself
    assert heard_without == 0.0 < duration_without
    assert shown.count("first sound at the caller") >= 1
    assert "Heard: nothing." in shown
