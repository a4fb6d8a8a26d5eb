"""`lastword inspect`: shows what sound files are, and what an agent would play of them."""

from __future__ import annotations

import dataclasses
import math
import sys
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer
from rich.table import Table

from lastword.errors import LastWordError

from .terminal import (
    FAILED,
    AsJson,
    WrongUseError,
    err,
    errors_told,
    one_line,
    out,
    plain,
    print_json,
)

if TYPE_CHECKING:
    from lastword.audio.measure import Measurement

_STDIN = "-"
_BARS = " ▁▂▃▄▅▆▇█"
_ASCII_BARS = " .:-=+*%@"
_FLOOR_DB = -48.0  # what the waveform shows as silence


def inspect_files(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Sound files in any format; - is standard input."),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what sound files are, and what an agent would play of them.

    With --json, one file gives an object and several give a list of objects.
    """
    with errors_told(as_json=as_json):
        results = [(file, _measured(file)) for file in files]
    if as_json:
        rows = [_json_row(*result) for result in results]
        print_json(rows if len(rows) > 1 else rows[0])
    else:
        for file, found in results:
            _show(file, found, with_name=len(files) > 1)
    if any(isinstance(found, LastWordError) for _, found in results):
        raise typer.Exit(FAILED)


def _measured(file: str) -> Measurement | LastWordError:
    from lastword.audio.measure import measure  # noqa: PLC0415 - `--help` needs no numpy

    try:
        return measure(_standard_input() if file == _STDIN else file)
    except LastWordError as error:
        return error


def _standard_input() -> BinaryIO:
    if not _is_piped():
        raise WrongUseError(
            "expected a sound on standard input, got nothing but a keyboard; pipe a file into it"
        )
    return sys.stdin.buffer


def _is_piped() -> bool:
    return sys.stdin is not None and not sys.stdin.isatty()


def _json_row(file: str, found: Measurement | LastWordError) -> dict[str, Any]:
    if isinstance(found, LastWordError):
        return {"file": file, "error": one_line(str(found))}
    return {"file": file, **dataclasses.asdict(found)}


def _show(file: str, found: Measurement | LastWordError, *, with_name: bool) -> None:
    if isinstance(found, LastWordError):
        err.print(plain(str(found)), style="red", soft_wrap=True)
        return
    table = Table.grid(padding=(0, 2))
    if with_name:
        table.add_row("file", plain(file))
    for name, value in _rows(found):
        table.add_row(name, plain(value))
    out.print(table)
    out.print(f"\n{_waveform(found.envelope)}\n", markup=False, highlight=False)


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
    """Draw one character per stretch, its height by decibels."""
    bars = _BARS if out.encoding.startswith("utf") else _ASCII_BARS
    heights = [
        0.0 if peak == 0.0 else max(0.0, 1 - 20 * math.log10(peak) / _FLOOR_DB) for peak in envelope
    ]
    return "".join(bars[math.ceil(height * (len(bars) - 1))] for height in heights)
