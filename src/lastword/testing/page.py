"""Draws calls on one self-contained HTML page: what was heard, when, and in which words.

It needs no server, network or library: waveforms are inline SVG, sounds are data URIs, and a few
lines of script move the play head.
"""

from __future__ import annotations

import base64
import html
import io
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from .page_style import SCRIPT, STYLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDTH, _HEIGHT = 560, 110  # of a waveform, in units of its drawing
_COLOURS = {"error": "error", "broken": "error", "sound": "sound", "close": "close"}


@dataclass(frozen=True)
class Drawn:
    """A call, as a page shows it.

    Attributes:
        title: Its heading.
        samples: What was heard, int16 or float32, (samples,).
        sample_rate: In Hz.
        heard_s: Seconds of sound in it.
        words: What was said; empty if nothing was.
        moments: What happened, and when, in seconds from the first sample.
        zero_s: The moment that the page counts from, in seconds from the first sample.
        verdict: The result in a few words; None to say how much was heard.
        is_well: Whether the result is good; None if it is not judged.
        anchor: Its name within the page; empty if nothing links to it.
    """

    title: str
    samples: NDArray[Any] = field(repr=False)
    sample_rate: int
    heard_s: float
    words: str
    moments: list[tuple[str, float]]
    zero_s: float = 0.0
    verdict: str | None = None
    is_well: bool | None = None
    anchor: str = ""

    @property
    def seconds(self) -> float:
        """Its length in seconds."""
        return len(self.samples) / self.sample_rate


def render(
    title: str,
    intro: str,
    calls: list[Drawn],
    *,
    clip: Drawn | None = None,
    table: str = "",
    one_scale: bool = True,
) -> str:
    """Draw a page of calls.

    Args:
        title: The heading.
        intro: A sentence below it.
        calls: The calls.
        clip: The message as it is stored, drawn above what arrived of it.
        table: HTML between the intro and the calls.
        one_scale: Whether a second is equally wide in all calls.

    Returns:
        The HTML.
    """
    longest_s = max((call.seconds for call in calls), default=1.0)
    stored = "" if clip is None else _stored(clip, longest_s)
    sections = "".join(
        _section(call, longest_s if one_scale else max(call.seconds, 1.0)) for call in calls
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>lastword: {html.escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{STYLE}</style>
<h1>{html.escape(title)}</h1>
<p>{html.escape(intro)}</p>
{stored}{table}<main>{sections}</main>
<script>{SCRIPT}</script>
</html>
"""


def _stored(clip: Drawn, longest_s: float) -> str:
    return (
        f'<figure id="clip"><figcaption>{html.escape(clip.title)}, {clip.seconds:.2f} s, on the '
        f"same scale</figcaption>{_waveform(clip, longest_s)}</figure>"
    )


def _section(call: Drawn, longest_s: float) -> str:
    """Draw one call: its waveform with marks, a player, the words, a table of its moments."""
    marks, rows = [], []
    for name, at in sorted(call.moments, key=lambda moment: moment[1]):
        kind = next((cls for word, cls in _COLOURS.items() if word in name), "other")
        if 0 <= at <= call.seconds:
            x = at / longest_s * _WIDTH
            marks.append(
                f'<line class="mark {kind}" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_HEIGHT}">'
                f"<title>{html.escape(name)}</title></line>"
            )
        rows.append(
            f'<tr><td class="at">{at - call.zero_s:+.3f} s</td>'
            f'<td><i class="{kind}"></i>{html.escape(name)}</td></tr>'
        )
    words = f"<blockquote>{html.escape(call.words)}</blockquote>" if call.words else ""
    state = {None: "", True: ' class="well"', False: ' class="ill"'}[call.is_well]
    anchor = f' id="{html.escape(call.anchor)}"' if call.anchor else ""
    return f"""<section data-heard="{call.heard_s:.3f}"{anchor}{state}>
<h2>{html.escape(call.title)}</h2>
<div class="wave" data-part="{call.seconds / longest_s:.5f}">
{_waveform(call, longest_s, "".join(marks))}<b class="head"></b></div>
<audio controls preload="metadata" src="{_sound_uri(call.samples, call.sample_rate)}"></audio>
<p class="verdict">{html.escape(_verdict(call))}</p>{words}
<table>{"".join(rows)}</table></section>"""


def _verdict(call: Drawn) -> str:
    if call.verdict is not None:
        return call.verdict
    return f"Heard: {call.heard_s:.2f} s of sound." if call.heard_s else "Heard: nothing."


def _waveform(call: Drawn, longest_s: float, marks: str = "") -> str:
    """Draw the loudest and the lowest sample of each stretch of the scale."""
    samples = _floats(call.samples)
    columns = max(1, round(_WIDTH * call.seconds / longest_s))
    edges = np.linspace(0, len(samples), columns + 1).astype(int)
    parts = [samples[a:b] if b > a else np.zeros(1) for a, b in itertools.pairwise(edges)]
    top = [_HEIGHT / 2 * (1 - float(part.max())) for part in parts]
    bottom = [_HEIGHT / 2 * (1 - float(part.min())) for part in parts]
    line = "".join(
        f"M{x} {high:.1f}V{max(low, high + 0.8):.1f}"
        for x, (high, low) in enumerate(zip(top, bottom, strict=True))
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="waveform"><path d="{line}"/>{marks}</svg>'
    )


def _floats(samples: NDArray[Any]) -> NDArray[np.float32]:
    scale = 32768 if samples.dtype == np.int16 else 1
    floats: NDArray[np.float32] = np.asarray(samples / np.float32(scale), np.float32)
    return floats


def _sound_uri(samples: NDArray[Any], sample_rate: int) -> str:
    """Return a sound as a data URI of MP3, which every browser plays."""
    file = io.BytesIO()
    whole = samples if len(samples) else np.zeros(sample_rate // 10, np.float32)
    soundfile.write(file, _floats(whole), sample_rate, format="MP3")
    return "data:audio/mpeg;base64," + base64.b64encode(file.getvalue()).decode()
