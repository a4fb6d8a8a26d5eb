"""`lastword bake`: renders words and decodes files in advance, so that no call has to."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from rich.progress import Progress
from rich.table import Table

from lastword.errors import BakeError, LastWordError

from .factories import call, close_quietly, find_function
from .prepare import prepare
from .terminal import (
    FAILED,
    AsJson,
    WrongUseError,
    err,
    errors_told,
    foreign,
    one_line,
    out,
    plain,
    print_json,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import tts

_FORM = 'tts = "MODULE:FUNCTION" and words = ["...", "..."], or files = ["...", "..."]'


class _Order(NamedTuple):
    """What is to be done: the function that makes the voice, if there are words, and the files."""

    maker: str | None
    words: list[str]
    files: list[str]


def bake(
    source: Annotated[
        str,
        typer.Argument(
            help="A TOML file, a sound file, or MODULE:FUNCTION that returns a TTS.", metavar="FROM"
        ),
    ],
    text: Annotated[
        list[str] | None, typer.Option("--text", "-t", help="Words; may be given several times.")
    ] = None,
    cache_dir: Annotated[
        Path | None, typer.Option(help="Where to keep them, if not in the user's cache folder.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Render words in the agent's own voice ahead, and decode files, so that no call has to.

    The TOML file has `tts = "MODULE:FUNCTION"` and `words = ["...", "..."]`, or `files = ["...",
    "..."]`, or all of them. What is kept already is not made again. Prepared files are for outputs
    of 24 kHz mono, as a LiveKit room's is.
    """
    with errors_told(as_json=as_json):
        order = _order(source, text or [])
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            task = progress.add_task("rendering", total=len(order.words) + len(order.files))
            rows = prepare(order.files, cache_dir, lambda: progress.advance(task))
            if order.maker is not None:
                function = find_function(order.maker)
                work = _bake(
                    function, order.maker, order.words, cache_dir, lambda: progress.advance(task)
                )
                rows += asyncio.run(work)
    if as_json:
        print_json(rows)
    else:
        table = Table("words or file", "seconds", "")
        for row in rows:
            seconds = "" if row["duration_s"] is None else f"{row['duration_s']:.1f}"
            table.add_row(plain(row["text"]), seconds, plain(row["error"] or row["was"]))
        out.print(table)
    if any(row["error"] for row in rows):
        raise typer.Exit(FAILED)


def _order(source: str, words: list[str]) -> _Order:
    """Read what to render and what to prepare."""
    if source.lower().endswith(".toml"):
        maker, given, files = _read(source)
        words = [*given, *words]
    elif Path(source).is_file():
        maker, files = None, [source]
    else:
        maker, files = source, []
    if not words and not files:
        raise WrongUseError(
            "expected words to render, got none; add `words` to the file, or --text"
        )
    if words and maker is None:
        raise WrongUseError(
            f'expected tts = "MODULE:FUNCTION" for the words, got none in {source}; add it'
        )
    return _Order(maker if words else None, words, files)


def _read(file: str) -> _Order:
    try:
        order = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongUseError(
            f"expected a TOML file with {_FORM}, cannot read {file!r}: {error}"
        ) from None
    if unknown := sorted(order.keys() - {"tts", "words", "files"}):
        raise WrongUseError(f"expected {_FORM} in {file}, got also {', '.join(unknown)}")
    maker, words, files = order.get("tts"), order.get("words", []), order.get("files", [])
    if not isinstance(maker, str) and not (maker is None and files and not words):
        raise WrongUseError(
            f'expected tts = "MODULE:FUNCTION" in {file}, got '
            f"{'none' if maker is None else repr(maker)}"
        )
    for name, texts in (("words", words), ("files", files)):
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise WrongUseError(
                f'expected {name} = ["...", "..."], a list of texts, in {file}, got {texts!r}; put '
                "[ ] around a single text"
            )
    return _Order(maker, words, files)


async def _bake(
    function: Callable[[], Any],
    maker: str,
    words: list[str],
    cache_dir: Path | None,
    advance: Callable[[], None],
) -> list[dict[str, Any]]:
    from livekit.agents import tts  # noqa: PLC0415 - livekit-agents takes a second to import

    from lastword._upstream import speakers  # noqa: PLC0415 - the same

    rows: list[dict[str, Any]] = []
    async with speakers.http_sessions():
        voice = await call(function, maker)
        if not isinstance(voice, tts.TTS):
            raise WrongUseError(
                f"expected {maker} to return a TTS of livekit-agents, it returned a "
                f"{type(voice).__name__}; return the TTS that you give to your AgentSession"
            )
        try:
            for text in words:
                rows.append(await _row(voice, text, cache_dir))
                advance()
        finally:
            await close_quietly(voice)
    return rows


async def _row(voice: tts.TTS[Any], text: str, cache_dir: Path | None) -> dict[str, Any]:
    """Render one text, or find it in the cache; the row names an error."""
    from lastword.voice import bake as rendering  # noqa: PLC0415 - as above

    row: dict[str, Any] = {"text": text, "duration_s": None, "was": "failed", "error": None}
    try:
        clip, was = await rendering.baked(voice, text, cache_dir=cache_dir), "kept"
        if clip is None:
            clip, was = await rendering.bake(voice, text, cache_dir=cache_dir), "rendered"
            await _refuse_unkept(voice, text, cache_dir)
        row.update(duration_s=round(clip.duration_s, 3), was=was)
    except LastWordError as error:
        row["error"] = one_line(str(error))
    except Exception as error:  # noqa: BLE001 - a TTS may raise anything, its attributes too
        row["error"] = foreign(error)
    return row


async def _refuse_unkept(voice: tts.TTS[Any], text: str, cache_dir: Path | None) -> None:
    """Raise `BakeError` if the disk has not kept what was rendered: calls would not find it."""
    from lastword._upstream import speakers  # noqa: PLC0415 - as above
    from lastword.voice.bake import baked  # noqa: PLC0415 - as above

    for one in speakers.voices_of(voice):  # any of an adapter's voices may have spoken
        if await baked(one, text, cache_dir=cache_dir) is not None:
            return
    raise BakeError(
        "the words were rendered but could not be kept; make the cache folder writable, or give "
        "another one with --cache-dir"
    )
