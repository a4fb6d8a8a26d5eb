"""What is said: turns every form of a message into sounds that are ready. Must not import closing.

All decoding and looking up happens here, when a session is attached or its output becomes known;
at failure time `for_kind` is one look-up in a dictionary.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from livekit.agents import BuiltinAudioClip

from ..audio.bundled import Tone, bundled
from ..audio.clip import Clip
from ..errors import ClipLimitError, ClipNotFoundError, MessageError
from ..failure.kinds import FailureKind

if TYPE_CHECKING:
    from livekit import rtc

    from .report import Source

AUDIO_SUFFIXES: Final = frozenset({
    ".aac", ".aif", ".aifc", ".aiff", ".amr", ".au", ".caf", ".flac", ".m4a", ".mka", ".mp3",
    ".mp4", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".w64", ".wav", ".wave", ".webm", ".wma",
})  # fmt: skip
"""A text without white space that ends in one of these is meant as a file (DESIGN 3)."""


class _Default:
    """The type of `DEFAULT`, so that it cannot be mistaken for words."""

    def __repr__(self) -> str:
        return "lastword.DEFAULT"


DEFAULT: Final = _Default()
"""The bundled clip of the session's language, in the tone that fits the failure."""

OneMessage: TypeAlias = "str | os.PathLike[str] | Clip | BuiltinAudioClip | _Default | None"
AnyMessage: TypeAlias = "OneMessage | Mapping[FailureKind | None, OneMessage]"

TONES: Final[Mapping[FailureKind, Tone]] = {
    FailureKind.RATE_LIMITED: "later",
    FailureKind.OVERLOADED: "later",
    FailureKind.CONNECTION: "later",
    FailureKind.TIMEOUT: "later",
}
"""Kinds whose bundled words say that the trouble is temporary; all others are "generic"."""


@dataclass(frozen=True)
class Format:
    """What an output takes: `sample_rate` in Hz, interleaved `num_channels`, `frame_ms` long."""

    sample_rate: int = 24000
    num_channels: int = 1
    frame_ms: int = 50


@dataclass(frozen=True)
class Utterance:
    """One sound, its words, and where it came from."""

    clip: Clip
    transcript: str
    source: Source

    def frames(self, to: Format) -> list[rtc.AudioFrame]:
        """Returns fresh frames over the bytes that `Message.prepare` has made ready."""
        return self.clip.frames(to.sample_rate, to.num_channels, to.frame_ms)


class Message:
    """All sounds that one session could need, one for each kind of failure.

    Args:
        message: Any form of DESIGN 3.
        language: The language of bundled words, such as "en" or "pt-BR"; None means English.
        max_message_s: The longest sound taken, in seconds.

    Raises:
        ClipNotFoundError: A file does not exist.
        ClipError: A file cannot be read, or is longer than `max_message_s`.
        MessageError: The message has a form that is not known.
    """

    def __init__(self, message: AnyMessage, *, language: str | None, max_message_s: float) -> None:
        self._language = language or "en"
        self._max_s = max_message_s
        given: Mapping[FailureKind | None, OneMessage] = (
            message if isinstance(message, Mapping) else {None: message}
        )
        default = given.get(None, DEFAULT)
        self._by_kind = {
            kind: self._resolve(given.get(kind, default), kind) for kind in self._kinds(given)
        }

    def _kinds(self, given: Mapping[FailureKind | None, OneMessage]) -> list[FailureKind]:
        for kind in given:
            if kind is not None and kind not in set(FailureKind):
                raise MessageError(
                    f"expected a FailureKind or None as a key of the mapping, got {kind!r}; known "
                    f"are {', '.join(FailureKind)}"
                )
        return list(FailureKind)

    def for_kind(self, kind: FailureKind) -> Utterance | None:
        """Returns what is said for a kind of failure, or None for nothing."""
        return self._by_kind[kind]

    def prepare(self, to: Format) -> None:
        """Makes all sounds ready for an output; does nothing for a format that is ready."""
        for utterance in {id(u): u for u in self._by_kind.values() if u is not None}.values():
            utterance.frames(to)

    def _resolve(self, message: OneMessage, kind: FailureKind) -> Utterance | None:
        if message is None or message == "":
            return None
        if isinstance(message, _Default):
            return self._bundled(kind)
        if isinstance(message, Clip):
            return self._own(message)
        if isinstance(message, BuiltinAudioClip):
            return self._own(Clip.load(message.path()))
        if isinstance(message, os.PathLike):
            return self._own(Clip.load(message))
        if isinstance(message, str):
            return self._own(Clip.load(message)) if _is_file(message) else self._bundled(kind)
        raise MessageError(
            "expected a message as str, path, Clip, BuiltinAudioClip, a mapping of these by "
            f"FailureKind, or None; got {type(message).__name__}"
        )

    def _own(self, clip: Clip) -> Utterance:
        if clip.duration_s > self._max_s:
            raise ClipLimitError(
                f"expected a message of at most {self._max_s:.1f} s, got one of "
                f"{clip.duration_s:.1f} s; shorten it or raise max_message_s"
            )
        return Utterance(clip, clip.transcript, "clip")

    def _bundled(self, kind: FailureKind) -> Utterance:
        clip = bundled(self._language, TONES.get(kind, "generic"))
        return Utterance(clip, clip.transcript, "bundled")


def _is_file(text: str) -> bool:
    """Tells a file's name from words; a name with a known suffix must exist."""
    named_like_one = not any(c.isspace() for c in text) and (
        Path(text).suffix.lower() in AUDIO_SUFFIXES
    )
    try:
        exists = Path(text).is_file()
    except (OSError, ValueError):  # too long for a path, or with a NUL: words
        exists = False
    if named_like_one and not exists:
        raise ClipNotFoundError(
            f"expected an existing audio file, found none at {text!r}; check the path, or add a "
            "space if these are words to be spoken",
            source=text,
        )
    return exists
