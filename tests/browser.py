"""A browser without a screen and without a network, for pages of our own."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from programs import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# No sandbox: it cannot be had in a container, and the page is our own. The others keep a browser
# that has no network from looking for one.
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def dom_of(page: Path, folder: Path) -> str:
    """Return a page as it is once its scripts have run and its sounds are read.

    Args:
        page: The HTML file.
        folder: Where the browser may keep its profile.
    """
    chromium = needs("chromium", "chromium")
    profile = f"--user-data-dir={folder / 'profile'}"
    return subprocess.run(
        [chromium, *_QUIET, profile, "--virtual-time-budget=5000", "--dump-dom", str(page)],
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    ).stdout


@contextmanager
def showing(address: str, folder: Path) -> Iterator[None]:
    """Have a page open, in real time: it tells its own server what it has seen.

    Args:
        address: Of a page on loopback.
        folder: Where the browser may keep its profile.
    """
    chromium = needs("chromium", "chromium")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [chromium, *_QUIET, profile, "--remote-debugging-port=0", address]
    quiet = subprocess.DEVNULL
    browser = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(browser.pid, signal.SIGKILL)  # with its children; it keeps nothing of value
        browser.wait(timeout=30)


def width_of(page: Path, folder: Path, *, window_px: int) -> int:
    """Return how wide a page is in a window of some width, in CSS pixels.

    Args:
        page: The HTML file.
        folder: Where the browser may keep its profile and a page around this one.
        window_px: The width of the window.
    """
    inner = page.read_text(encoding="utf-8").replace("&", "&amp;").replace('"', "&quot;")
    around = folder / "around.html"
    around.write_text(
        f'<iframe id="inner" style="width:{window_px}px;height:900px;border:0" srcdoc="{inner}">'
        "</iframe><script>onload = () => { document.title = document.getElementById('inner')"
        ".contentDocument.documentElement.scrollWidth; }</script>",
        encoding="utf-8",
    )
    title = dom_of(around, folder).partition("<title>")[2].partition("</title>")[0]
    return int(title)
