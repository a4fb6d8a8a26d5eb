"""Chooses and loads the clips that come with the package. Imports `clip` alone.

assets/render.py makes the clips and their index, which lists each file together with its words:
what is shown is what is heard.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypedDict

from lastword.errors import MessageError

from .clip import Clip

if TYPE_CHECKING:
    from collections.abc import Iterator

Tone = Literal["generic", "later", "transfer", "moment", "again", "hear"]
"""What happens next: the call ends; it ends and soon works again; the caller is transferred; or the
call goes on: an answer takes long; something went wrong once; the caller cannot be heard."""

TONES: Final[tuple[Tone, ...]] = ("generic", "later", "transfer", "moment", "again", "hear")

_CLIPS = Path(__file__).parent / "clips"
_LAST_RESORT = "en"


class _Entry(TypedDict):
    file: str
    transcript: str


def bundled(language: str = "en", tone: Tone = "generic") -> Clip:
    """Load a clip that comes with the package.

    Args:
        language: A BCP 47 tag such as "pt-BR" or "pt", in either case. The nearest available
            language is used: the whole tag, then its first part, then English.
        tone: "generic" (the call ends), "later" (it ends and may be tried again in a few minutes),
            "transfer" (the caller is transferred), "moment" (an answer takes long), "again"
            (please say that again) or "hear" (the caller cannot be heard).

    Returns:
        The clip; its `language` and `transcript` match what is heard.

    Raises:
        MessageError: There is no such tone.
    """
    entries = _index()[nearest_language(language)]
    if tone not in entries:
        raise MessageError(f"expected a tone out of {sorted(entries)}, got {tone!r}")
    entry = entries[tone]
    return Clip.load(
        _CLIPS / entry["file"],
        transcript=entry["transcript"],
        language=nearest_language(language),
    )


def bundled_languages() -> list[str]:
    """List the languages that `bundled` has clips in, in alphabetical order."""
    return sorted(_index())


def has_clips(language: str) -> bool:
    """Return whether a language, or the language that it is a variant of, has clips.

    Args:
        language: A BCP 47 tag, in either case.
    """
    return any(tag in _index() for tag in _widening(language))


def nearest_language(*wanted: str | None) -> str:
    """Choose the first wanted language that has clips.

    Args:
        *wanted: BCP 47 tags in order of preference; None is skipped.

    Returns:
        A language of `bundled_languages()`: each tag is tried whole, then by its first part;
        English if none fits.
    """
    there = _index()
    found = (tag for want in wanted if want for tag in _widening(want) if tag in there)
    return next(found, _LAST_RESORT)


def _widening(tag: str) -> Iterator[str]:
    first, *rest = tag.replace("_", "-").split("-")
    if rest:
        yield f"{first.lower()}-{rest[-1].upper()}"
    yield first.lower()


@cache
def _index() -> dict[str, dict[str, _Entry]]:
    index: dict[str, dict[str, _Entry]] = json.loads((_CLIPS / "index.json").read_text("utf-8"))
    return index
