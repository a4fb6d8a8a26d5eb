"""`lastword languages`: lists the clips that come with the package."""

from __future__ import annotations

from rich.table import Table

from .terminal import AsJson, out, print_json


def languages(*, as_json: AsJson = False) -> None:
    """List the clips that come with lastword, per language and tone."""
    from lastword.audio.bundled import (  # noqa: PLC0415 - `--help` needs no numpy
        TONES,
        bundled,
        bundled_languages,
    )

    clips = {
        language: {tone: bundled(language, tone) for tone in TONES}
        for language in bundled_languages()
    }
    if as_json:
        print_json({
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
    out.print(table)
