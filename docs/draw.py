"""Draws the pictures of docs/pictures: the closing sequence, and what the caller hears.

    python docs/draw.py

The figures are read from the tables of docs/room.md, so that a picture cannot say something else.
Each is an SVG with its own background, readable in both colour schemes and without a font file.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

DOCS = Path(__file__).parent
PICTURES = DOCS / "pictures"
WIDTH = 480  # so that a phone shows it at nearly its size
INK, FAINT, PAPER = "#1f2430", "#7b8494", "#ffffff"
WORDS, QUIET, ENDED, BAD = "#3f51b5", "#c9cfdd", "#2e7d32", "#c62828"
ROOM_FOR_WORDS_S = 1.0
STATES_SHOWN = (
    "idle",
    "the agent speaks",
    "the caller's client reconnects",
    "the agent's track was unpublished",
    "the agent's network is cut for 2 s",
    "the agent's network is cut permanently",
)


def text(
    x: float, y: float, words: str, *, fill: str = INK, size: int = 14, at: str = "start"
) -> str:
    """A line of text; `at` is its anchor."""
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{fill}" font-size="{size}" text-anchor="{at}">'
        f"{escape(words)}</text>"
    )


def bar(x: float, y: float, width: float, height: float, fill: str) -> str:
    """A box with round corners."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3" fill="{fill}"/>'


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = FAINT, dash: str = "") -> str:
    """A thin line."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{stroke}"{dashed}/>'


def picture(title: str, height: float, *parts: str) -> str:
    """A whole SVG; the title is read to those who do not see it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:g}" '
        f'viewBox="0 0 {WIDTH} {height:g}" role="img" '
        'font-family="system-ui, -apple-system, Segoe UI, Roboto, sans-serif">'
    )
    paper = f'<rect width="{WIDTH}" height="{height:g}" rx="8" fill="{PAPER}"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", paper, *parts, "</svg>", ""])


def rows_of(heading: str) -> list[list[str]]:
    """Cells of the table of docs/room.md under a heading."""
    page = (DOCS / "room.md").read_text("utf-8")
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def seconds(cell: str) -> float:
    """The first number of a cell; 0.0 without one."""
    found = re.search(r"\d+(\.\d+)?", cell)
    return float(found[0]) if found else 0.0


def heard() -> str:
    """What the caller hears of 3 s, in some states of the call."""
    rows = {row[0]: row for row in rows_of("Every state of the call")}
    left, scale, step, top = 24.0, 108.0, 50.0, 66.0
    bottom = top + step * len(STATES_SHOWN)
    parts = [text(left, 30, "A message of 3 s, from the error event on", size=17)]
    for second in range(5):
        x = left + second * scale
        parts += [
            line(x, 44, x, bottom, stroke=QUIET),
            text(x, bottom + 18, f"{second} s", fill=FAINT, at="middle", size=12),
        ]
    for number, state in enumerate(STATES_SHOWN):
        _, of_it, first, close, played, path = rows[state]
        y = top + step * number
        begins, length, ends = seconds(first), seconds(of_it), seconds(close)
        fill = WORDS if played.startswith("full") else BAD
        x, width = left + begins * scale, length * scale
        own = ", on its own track" if "track" in path else ""
        said = f"{length:g} s heard{own}" if length >= ROOM_FOR_WORDS_S else ""
        parts += [
            text(left + 4, y, state, size=14),
            bar(x, y + 8, width, 20, fill),
            text(x + 6, y + 23, said, fill=PAPER, size=13),
            bar(left + ends * scale - 2, y + 5, 4, 26, ENDED),
        ]
    keys = (
        (24, WORDS, "in full"),
        (120, BAD, "a part, and reported so"),
        (316, ENDED, "the close"),
    )
    for x, fill, words in keys:
        parts += [bar(x, bottom + 34, 14, 14, fill), text(x + 20, bottom + 46, words, size=14)]
    return picture("What the caller hears", bottom + 66, *parts)


def closing() -> str:
    """The steps from the error to the report, along one line of time."""
    idle = rows_of("Every state of the call")[0]
    steps = (
        ("0 s", "error", "seen where it is raised, classified once", INK),
        ("", "your handlers", "see a typed error; may keep the call", INK),
        ("", "decision", "from here on nothing new starts", INK),
        ("", "others are silenced", "speech that plays is interrupted", INK),
        (idle[2], "message", "say(), else into the output, else an own track", WORDS),
        ("", "quiet", "0.2 s, on a phone 1 s; or the transfer", INK),
        (idle[3], "close", "one event; forced if the teardown hangs", ENDED),
        ("", "after-action", "leave, hang up", INK),
        ("", "report", "on_report, the log, the trace", INK),
    )
    x, top, step = 92.0, 78.0, 50.0
    parts = [
        text(20, 30, "From the error to the report", size=17),
        text(20, 50, "an idle call, a message of 3 s, at the caller", fill=FAINT, size=13),
        line(x, top, x, top + step * (len(steps) - 1), stroke=QUIET),
    ]
    for number, (when, name, what, fill) in enumerate(steps):
        y = top + number * step
        parts += [
            f'<circle cx="{x:g}" cy="{y:g}" r="7" fill="{fill}"/>',
            text(x - 18, y + 5, when, fill=FAINT, at="end"),
            text(x + 20, y + 5, name, fill=fill, size=16),
            text(x + 20, y + 23, what, fill=FAINT),
        ]
    return picture("From the error to the report", top + step * len(steps), *parts)


DRAWN = {"heard.svg": heard, "closing.svg": closing}


def main() -> None:
    """Draw and save all."""
    PICTURES.mkdir(exist_ok=True)
    for name, draw in DRAWN.items():
        (PICTURES / name).write_text(draw(), "utf-8")


if __name__ == "__main__":
    main()
