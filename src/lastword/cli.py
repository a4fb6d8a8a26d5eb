"""The `lastword` command: look at sounds, render words ahead, rehearse what would be heard.

Owns what is asked and shown; the work is done by the modules that an agent uses too. Exit codes: 0
all is well, 1 something would not be heard or could not be rendered, 2 wrong use.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import inspect
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lastword.errors import BakeError, LastWordError, MessageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import tts

    from lastword.audio.measure import Measurement
    from lastword.session.attach import LastWord

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="What callers hear when a LiveKit voice agent fails for good.",
)
_out = Console()
_err = Console(stderr=True)

_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_BARS = " ▁▂▃▄▅▆▇█"
_FLOOR_DB = -48.0  # what the waveform shows as nothing


@app.command("inspect")
def inspect_file(
    file: Annotated[Path, typer.Argument(help="A sound file in any format.")],
    *,
    as_json: _AsJson = False,
) -> None:
    """Show what a sound file is, and what an agent would play of it."""
    from lastword.audio.measure import measure  # noqa: PLC0415 - `--help` needs no numpy

    try:
        found = measure(file)
    except LastWordError as error:
        _fail(str(error), as_json=as_json)
    if as_json:
        _print_json(dataclasses.asdict(found))
        return
    table = Table.grid(padding=(0, 2))
    for name, value in _rows(found):
        table.add_row(name, value)
    _out.print(table)
    _out.print(f"\n{_waveform(found.envelope)}\n", highlight=False)


@app.command()
def languages(*, as_json: _AsJson = False) -> None:
    """List the clips that come with lastword, per language and tone."""
    from lastword.audio.bundled import TONES, bundled, bundled_languages  # noqa: PLC0415 - as above

    clips = {
        language: {tone: bundled(language, tone) for tone in TONES}
        for language in bundled_languages()
    }
    if as_json:
        _print_json({
            language: {
                tone: {"transcript": clip.transcript, "duration_s": round(clip.duration_s, 3)}
                for tone, clip in tones.items()
            }
            for language, tones in clips.items()
        })  # fmt: skip
        return
    table = Table("language", "tone", "seconds", "words")
    for language, tones in clips.items():
        for tone, clip in tones.items():
            table.add_row(language, tone, f"{clip.duration_s:.1f}", clip.transcript)
    _out.print(table)


@app.command()
def bake(
    source: Annotated[
        str,
        typer.Argument(help="A TOML file, or MODULE:FUNCTION that returns a TTS.", metavar="FROM"),
    ],
    text: Annotated[
        list[str] | None, typer.Option("--text", "-t", help="Words; may be given several times.")
    ] = None,
    cache_dir: Annotated[
        Path | None, typer.Option(help="Where to keep them, if not in the user's cache folder.")
    ] = None,
    *,
    as_json: _AsJson = False,
) -> None:
    """Render words in the agent's own voice ahead, so that no call has to.

    The TOML file has `tts = "MODULE:FUNCTION"` and `words = ["...", "..."]`. Words that are kept
    already are not rendered again.
    """
    maker, words = _order(source, text or [])
    if not words:
        raise typer.BadParameter("expected words to render: add `words` to the file, or --text")
    with Progress(console=_err, transient=True, disable=as_json) as progress:
        task = progress.add_task("rendering", total=len(words))
        baked = asyncio.run(_bake(maker, words, cache_dir, lambda: progress.advance(task)))
    if as_json:
        _print_json(baked)
    else:
        table = Table("words", "seconds", "")
        for row in baked:
            seconds = "" if row["duration_s"] is None else f"{row['duration_s']:.1f}"
            table.add_row(row["text"], seconds, row["error"] or row["was"])
        _out.print(table)
    if any(row["error"] for row in baked):
        raise typer.Exit(1)


@app.command()
def check(
    factory: Annotated[
        str,
        typer.Argument(
            help="A function that attaches lastword to a session and returns either of the two.",
            metavar="MODULE:SESSION_FACTORY",
        ),
    ],
    *,
    as_json: _AsJson = False,
) -> None:
    """Tell for each kind of failure what a caller would hear, and whether that is anything.

    Words are rendered as they would be in a call, or taken from where `lastword bake` left them.
    """
    rows = asyncio.run(_check(_function(factory)))
    if as_json:
        _print_json(rows)
    else:
        table = Table("failure", "heard", "seconds", "language", "words")
        for row in rows:
            table.add_row(
                row["kind"],
                row["source"] or "[red]nothing[/]",
                "" if row["duration_s"] is None else f"{row['duration_s']:.1f}",
                row["language"] or "",
                row["transcript"] or "",
            )
        _out.print(table)
    if any(row["source"] is None for row in rows):
        raise typer.Exit(1)


async def _bake(
    maker: Callable[[], Any], words: list[str], cache_dir: Path | None, advance: Callable[[], None]
) -> list[dict[str, Any]]:
    from lastword._upstream import speakers  # noqa: PLC0415 - livekit-agents takes a second to import
    from lastword.voice.bake import bake as render  # noqa: PLC0415 - the same
    from lastword.voice.bake import baked  # noqa: PLC0415 - the same

    rows: list[dict[str, Any]] = []
    async with speakers.http_sessions():
        voice: tts.TTS[Any] = await _called(maker)
        for text in words:
            row: dict[str, Any] = {"text": text, "duration_s": None, "was": "rendered"}
            row["error"] = None
            try:
                clip = await baked(voice, text, cache_dir=cache_dir)
                if clip is not None:
                    row["was"] = "kept"
                else:
                    clip = await render(voice, text, cache_dir=cache_dir)
                row["duration_s"] = round(clip.duration_s, 3)
            except (BakeError, MessageError) as error:
                row.update(was="failed", error=str(error))
            rows.append(row)
            advance()
        await voice.aclose()
    return rows


async def _check(factory: Callable[[], Any]) -> list[dict[str, Any]]:
    from lastword._upstream import speakers  # noqa: PLC0415 - livekit-agents takes a second to import
    from lastword.session.attach import LastWord, attached_to  # noqa: PLC0415 - the same

    async with speakers.http_sessions():
        made = await _called(factory)
        last_word: LastWord | None = made if isinstance(made, LastWord) else attached_to(made)
        if last_word is None:
            raise typer.BadParameter(
                f"expected a session with lastword attached, or what attach() returned, got "
                f"{type(made).__name__}: call lastword.attach(session, ...) in the factory"
            )
        await last_word.ready()
        sounds = last_word.would_say()
        last_word.detach()
        if made is not last_word and made.tts is not None:
            await made.tts.aclose()
    return [
        {
            "kind": kind.value,
            "source": sound and sound.source,
            "duration_s": sound and round(sound.clip.duration_s, 3),
            "language": sound and sound.clip.language,
            "transcript": sound and sound.transcript,
        }
        for kind, sound in sounds.items()
    ]


async def _called(function: Callable[[], Any]) -> Any:
    made = function()
    return await made if inspect.isawaitable(made) else made


def _order(source: str, words: list[str]) -> tuple[Callable[[], Any], list[str]]:
    """Read what is to be rendered by whom."""
    if not source.endswith(".toml"):
        return _function(source), words
    try:
        order = tomllib.loads(Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"expected a TOML file, got {source!r}: {error}") from None
    unknown = order.keys() - {"tts", "words"}
    given = order.get("words", [])
    if unknown or "tts" not in order or not all(isinstance(text, str) for text in given):
        raise typer.BadParameter(
            f'expected `tts = "MODULE:FUNCTION"` and `words = ["..."]` in {source}, got '
            f"{sorted(order)}"
        )
    return _function(order["tts"]), [*given, *words]


def _function(name: str) -> Callable[[], Any]:
    """Import what "MODULE:FUNCTION" names; modules of the working directory are found too."""
    module, _, function = name.partition(":")
    if not module or not function:
        raise typer.BadParameter(f"expected MODULE:FUNCTION, got {name!r}")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise typer.BadParameter(f"expected {name!r} to name a function: {error}") from None
    if not callable(found):
        raise typer.BadParameter(
            f"expected {name!r} to be callable, it is a {type(found).__name__}"
        )
    called: Callable[[], Any] = found
    return called


def _rows(found: Measurement) -> list[tuple[str, str]]:
    from lastword.audio.loudness import TARGET_LUFS  # noqa: PLC0415 - `--help` needs no numpy
    from lastword.audio.measure import PLAYED_RATE  # noqa: PLC0415 - the same

    channels = "mono" if found.num_channels == 1 else f"{found.num_channels} channels"
    frames = math.ceil(found.played_samples / (PLAYED_RATE // 20))
    before_ms, after_ms = found.silence_before_s * 1000, found.silence_after_s * 1000
    clipped, kilobytes = found.saturated_samples, found.played_samples * 2 / 1000
    return [
        ("format", f"{found.format}, {found.sample_rate} Hz, {channels}"),
        ("length", f"{found.duration_s:.3f} s"),
        ("loudness", f"{_decibels(found.loudness_lufs, 'LUFS')} (bundled clips: {TARGET_LUFS})"),
        ("peak", _decibels(found.peak_dbfs, "dBFS")),
        ("silence", f"{before_ms:.0f} ms before, {after_ms:.0f} ms after"),
        ("at full scale", f"{found.full_scale_samples} samples"),
        ("played as", f"{PLAYED_RATE} Hz mono, {frames} frames of 50 ms, {kilobytes:.0f} kB"),
        ("clipped then", f"{clipped} samples"),
    ]


def _decibels(value: float | None, unit: str) -> str:
    return "silence" if value is None else f"{value:.1f} {unit}"


def _waveform(envelope: list[float]) -> str:
    """One character per stretch, its height by decibels."""
    heights = [
        0.0 if peak == 0.0 else max(0.0, 1 - 20 * math.log10(peak) / _FLOOR_DB) for peak in envelope
    ]
    return "".join(_BARS[math.ceil(height * (len(_BARS) - 1))] for height in heights)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))


def _fail(reason: str, *, as_json: bool) -> NoReturn:
    if as_json:
        _print_json({"error": reason})
    else:
        _err.print(reason, style="red", markup=False, highlight=False)
    raise typer.Exit(1)
