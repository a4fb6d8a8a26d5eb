"""The page of rehearsed calls shows and plays them, on a telephone too, without any network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from browser import dom_of, width_of
from lastword.testing.page import Drawn, render
from session.fakes import tone

RATE = 24000
DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


def drawn(title: str, seconds: float, **more: object) -> Drawn:
    """A call in which a tone is heard after half a second."""
    samples = np.concatenate([np.zeros(RATE // 2, np.int16), tone(seconds)])
    moments = [("error event", 0.4), ("first sound", 0.5), ("close event", 0.5 + seconds)]
    return Drawn(title, samples, RATE, seconds, "A <b>long</b> word & more.", moments, **more)  # type: ignore[arg-type]


def test_a_page_is_shown_and_played(tmp_path: Path) -> None:
    """Each call has its words, its moments and a sound that the browser can read."""
    calls = [drawn("One", 2.0, zero_s=0.4, is_well=True), drawn("Other", 0.0, is_well=False)]
    page = tmp_path / "page.html"
    page.write_text(render("Title & more", "Intro.", calls, clip=drawn("Clip", 1.0)), "utf-8")
    text = page.read_text("utf-8")
    assert not re.search(r"""(src|href)=(?!["']?(data:|#))|https?://|@import|url\(""", text)
    assert "A &lt;b&gt;long&lt;/b&gt; word &amp; more." in text
    shown = dom_of(page, tmp_path)
    durations = [float(d) for d in re.findall(r'data-duration="([\d.]+)"', shown)]
    assert len(durations) == 2
    assert abs(durations[0] - 2.5) < 0.2
    assert "+0.100 s" in shown
    assert 'class="well"' in shown
    assert "Heard: nothing." in shown


def test_a_page_fits_a_telephone(tmp_path: Path) -> None:
    """Nothing is wider than 390 px, whatever the words are."""
    long = drawn("A very long title " * 5, 1.0, verdict="x" * 300)
    page = tmp_path / "page.html"
    page.write_text(render("Title", "Intro.", [long]), "utf-8")
    assert width_of(page, tmp_path, window_px=390) <= 390


def test_the_demo_has_a_page(tmp_path: Path) -> None:
    """And tells people what was heard, not what the report looks like inside."""
    done = subprocess.run(
        [sys.executable, DEMO],
        cwd=tmp_path,
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert "Report(" not in done.stdout + done.stderr
    assert "the whole message" in done.stdout
    assert "Heard: nothing" in done.stdout
    shown = dom_of(tmp_path / "demo" / "demo.html", tmp_path)
    heard, without = [float(s) for s in re.findall(r'<section data-heard="([\d.]+)"', shown)]
    assert heard > 4.5
    assert without == 0.0
    assert (tmp_path / "demo" / "heard.wav").exists()
