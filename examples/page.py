"""The page of the room demo: one self-contained HTML file that shows and plays what was heard.

Owns how calls are drawn. No server, no network, no library: waveforms are inline SVG, sounds are
data URIs, and a few lines of script move the play head.
"""

from __future__ import annotations

import base64
import html
import io
import itertools
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from timeline import Timeline

    Samples = npt.NDArray[np.float32]

WIDTH, HEIGHT = 560, 110  # of a waveform, in CSS pixels
COLOURS = {"error": "#b3261e", "sound": "#1b6e3c", "close": "#5b3cc4", "other": "#6b7280"}


@dataclass(frozen=True)
class Column:
    """One call as the page shows it.

    Attributes:
        timeline: Its moments.
        heard: What the caller heard from `start` on, (samples,) float32.
        rate: Sample rate of `heard` in Hz.
        heard_s: Seconds from the first to the last sound in it.
        words: What was said; empty if nothing was.
        start: Event-loop time of the first sample.
    """

    timeline: Timeline
    heard: Samples
    rate: int
    heard_s: float
    words: str
    start: float


def render(columns: list[Column], *, clip: Samples, clip_rate: int, zero: str) -> str:
    """Draw calls beside each other.

    Args:
        columns: The calls.
        clip: The message as it is stored, (samples,) float32, drawn above what arrived of it.
        clip_rate: Its sample rate in Hz.
        zero: Name of the moment that times are counted from.
    """
    longest_s = max(len(column.heard) / column.rate for column in columns)
    sections = "".join(_section(column, longest_s, zero) for column in columns)
    clip_s = len(clip) / clip_rate
    clip_width = WIDTH * clip_s / longest_s
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>lastword: what the caller heard</title>
<meta name="viewport" content="width=device-width">
<style>{_STYLE}</style>
<h1>What the caller heard</h1>
<p>The agent's LLM is out of credits: the same call twice, in a real room, recorded at the caller's
end.</p>
<figure id="clip"><figcaption>The clip, {clip_s:.2f} s, on the same scale</figcaption>
{_waveform(clip, clip_width, "clip")}</figure>
<main>{sections}</main>
<script>{_SCRIPT}</script>
</html>
"""


def _section(column: Column, longest_s: float, zero: str) -> str:
    """One call: its waveform with marks, a player, the words, a table of its moments."""
    seconds = len(column.heard) / column.rate
    width = WIDTH * seconds / longest_s
    origin = column.timeline.at(zero)
    marks, rows = [], []
    for name, at in sorted(column.timeline.moments, key=lambda moment: moment[1]):
        kind = next((kind for kind in ("error", "sound", "close") if kind in name), "other")
        x = (at - column.start) / longest_s * WIDTH
        if 0 <= x <= width:
            marks.append(
                f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}" '
                f'stroke="{COLOURS[kind]}"><title>{html.escape(name)}</title></line>'
            )
        since = f"{at - origin:+.3f} s" if origin is not None else ""
        rows.append(
            f'<tr><td class="at">{since}</td><td><i style="background:{COLOURS[kind]}"></i>'
            f"{html.escape(name)}</td></tr>"
        )
    wave_svg = _waveform(column.heard, width, "heard", "".join(marks))
    words = f"<blockquote>{html.escape(column.words)}</blockquote>" if column.words else ""
    return f"""<section data-heard="{column.heard_s:.3f}">
<h2>{html.escape(column.timeline.title)}</h2>
<div class="wave" data-seconds="{seconds:.3f}">{wave_svg}<b class="head"></b></div>
<audio controls src="{_wav_uri(column.heard, column.rate)}"></audio>
<p>{_verdict(column.heard_s)}</p>{words}
<table>{"".join(rows)}</table></section>"""


def _verdict(heard_s: float) -> str:
    return f"Heard: {heard_s:.2f} s of sound." if heard_s else "Heard: nothing."


def _waveform(samples: Samples, width: float, name: str, marks: str = "") -> str:
    """An SVG of the loudest and lowest sample behind each pixel."""
    pixels = max(1, round(width))
    edges = np.linspace(0, len(samples), pixels + 1).astype(int)
    parts = [samples[a:b] if b > a else np.zeros(1) for a, b in itertools.pairwise(edges)]
    top = [HEIGHT / 2 * (1 - float(part.max())) for part in parts]
    bottom = [HEIGHT / 2 * (1 - float(part.min())) for part in parts]
    line = "".join(
        f"M{x} {high:.1f}V{max(low, high + 0.8):.1f}"
        for x, (high, low) in enumerate(zip(top, bottom, strict=True))
    )
    return (
        f'<svg class="{name}" width="{pixels}" height="{HEIGHT}" role="img" '
        f'aria-label="waveform"><path d="{line}"/>{marks}</svg>'
    )


def _wav_uri(samples: Samples, rate: int) -> str:
    """The sound as a 16-bit WAV inside the page."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes())
    return "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode()


_STYLE = f"""
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px;
  padding: 0 1rem; color: #1f2430; background: #fbfbfd }}
h1 {{ font-size: 1.5rem; margin-bottom: 0 }} h2 {{ font-size: 1.1rem }}
main {{ display: grid; grid-template-columns: repeat(auto-fit, minmax({WIDTH}px, 1fr));
  gap: 1.5rem }}
figure {{ margin: 1rem 0 }} figcaption {{ color: #555 }}
section {{ background: #fff; border: 1px solid #e3e5ea; border-radius: 10px;
  padding: 0 1.2rem 1rem }}
svg path {{ stroke: #3565b8; stroke-width: 1 }} svg.clip path {{ stroke: #8a94a6 }}
svg .mark {{ stroke-width: 2 }}
.wave {{ position: relative; width: {WIDTH}px; border-bottom: 1px solid #ddd }}
.head {{ position: absolute; top: 0; left: 0; width: 1px; height: 100%; background: #000 }}
audio {{ width: 100%; margin-top: .5rem }}
blockquote {{ margin: .5rem 0; padding-left: .8rem; border-left: 3px solid #1b6e3c; color: #333 }}
td {{ padding: .1rem .6rem .1rem 0; vertical-align: top }}
td.at {{ font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; color: #555 }}
td i {{ display: inline-block; width: .6rem; height: .6rem; border-radius: 50%;
  margin-right: .4rem }}
"""

_SCRIPT = """
for (const section of document.querySelectorAll("section")) {
  const audio = section.querySelector("audio"), head = section.querySelector(".head");
  const wave = section.querySelector(".wave"), svg = wave.querySelector("svg");
  const scale = svg.width.baseVal.value / wave.dataset.seconds;
  const draw = () => { head.style.left = audio.currentTime * scale + "px";
                       if (!audio.paused) requestAnimationFrame(draw); };
  audio.addEventListener("play", draw);
  audio.addEventListener("seeked", draw);
  audio.addEventListener("loadedmetadata", () => { section.dataset.duration = audio.duration; });
  wave.addEventListener("click", event => {
    audio.currentTime = (event.clientX - wave.getBoundingClientRect().left) / scale;
  });
}
"""
