"""The site of `make docs`: whole, nothing from elsewhere, fit for a desk and a phone."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import queue
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import lastword.testing
from browser import showing
from programs import unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DESK_PX, PHONE_PX = 1280, 390
LOOK_LIMIT_S = 120.0
# Loads each page in a frame, and tells the server how wide it is in windows of each width.
LOOK = """<!doctype html><script>
const pages = %s, widths = %s, seen = [];
const look = (page) => new Promise((done) => {
  const frame = document.createElement("iframe");
  const widen = (width) => { frame.style = `width:${width}px;height:900px;border:0`; };
  widen(widths[0]);
  frame.onload = async () => {
    for (const width of widths) {
      widen(width);
      await new Promise((drawn) => setTimeout(drawn, 50));
      const root = frame.contentDocument.documentElement;
      const missing = [...frame.contentDocument.images].filter((image) => !image.naturalWidth);
      seen.push([page, width, root.scrollWidth, missing.length]);
    }
    frame.remove();
    done();
  };
  frame.src = page;
  document.body.append(frame);
});
onload = async () => {
  for (const page of pages) await look(page);
  fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
};
</script><body></body>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning of mkdocs fails the build, a missing docstring is one."""
    if importlib.util.find_spec("mkdocs") is None:
        unavailable("mkdocs is missing: pip install --group docs")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, queue.Queue[bytes]]]:
    """A web server on loopback; yields its address, and what is posted to it."""
    posted: queue.Queue[bytes] = queue.Queue()

    class Handler(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever, name="site")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def pages_of(site: Path) -> list[str]:
    """All pages but that of a wrong address."""
    return sorted(
        f"{path.parent.relative_to(site).as_posix()}/" for path in site.rglob("index.html")
    )


def test_no_page_is_wider_than_a_desk_or_a_phone(site: Path, tmp_path: Path) -> None:
    """Tables and code scroll in themselves; pictures are there."""
    pages = pages_of(site)
    assert len(pages) >= 30
    (site / "look.html").write_text(LOOK % (json.dumps(pages), json.dumps([DESK_PX, PHONE_PX])))
    with served(site) as (address, posted), showing(f"{address}/look.html", tmp_path):
        seen: list[tuple[str, int, int, int]] = json.loads(posted.get(timeout=LOOK_LIMIT_S))
    assert len(seen) == 2 * len(pages)
    assert not [one for one in seen if one[2] > one[1]], "wider than the window"
    assert not [one for one in seen if one[3]], "pictures that are not there"


def test_nothing_comes_from_elsewhere(site: Path) -> None:
    """No font, script, style or picture of another server."""
    loads = re.compile(
        r"<(?:link|script|img|iframe|source)\b[^>]*(?:href|src)=[\"']?(?:https?:)?//[^>]*>"
    )
    for page in site.rglob("*.html"):
        assert not loads.findall(page.read_text("utf-8")), page
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\([\"']?(?:https?:)?//", style.read_text("utf-8")), style
    # the theme's script would load this for diagrams, of which there are none
    assert not [p for p in site.rglob("*.html") if 'class="mermaid"' in p.read_text("utf-8")]


@pytest.mark.parametrize("package", [lastword, lastword.testing])
def test_every_public_name_is_in_the_reference(site: Path, package: Any) -> None:
    """With an anchor that can be linked to."""
    text = "".join(path.read_text("utf-8") for path in site.glob("reference/*/index.html"))
    headings = set(re.findall(r'<h2 id="lastword\.([\w.]+)"', text))
    wing = package.__name__.removeprefix("lastword").lstrip(".")
    wanted = {f"{wing}.{name}".lstrip(".") for name in package.__all__}
    assert not {name for name in wanted if not headings & {name, f"session.{name}.{name}"}}


def test_each_page_is_found_by_a_question() -> None:
    """The table of questions leads to each page that somebody has written."""
    questions = (ROOT / "docs" / "questions.md").read_text("utf-8")
    linked = set(re.findall(r"\]\(([\w-]+\.md)", questions))
    written = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert not written - linked - {"questions.md"}


def test_the_pictures_show_the_figures_of_the_pages() -> None:
    """`python docs/draw.py` draws what is there."""
    spec = importlib.util.spec_from_file_location("draw", ROOT / "docs" / "draw.py")
    assert spec is not None
    assert spec.loader is not None
    draw = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    for name, picture in draw.DRAWN.items():
        assert picture() == (ROOT / "docs" / "pictures" / name).read_text("utf-8"), name
