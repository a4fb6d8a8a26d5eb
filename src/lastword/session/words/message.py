"""Turns every form of a message into sounds that are ready.

All decoding and looking up happens here, when a session is attached, its output becomes known, or
`own_voice` has made a sound of words; at failure time `for_kind` is one look-up in a dictionary.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from livekit import rtc
from livekit.agents import BuiltinAudioClip

from ...audio.bundled import Tone, bundled, nearest_language
from ...audio.clip import Clip
from ...audio.limits import DEFAULT_LIMITS, Limits
from ...errors import ClipLimitError, ClipNotFoundError, MessageError
from ...failure.kinds import FailureKind
from .utterance import OutputFormat, Utterance

if TYPE_CHECKING:
    from ..report import Origin

AUDIO_SUFFIXES: Final = frozenset({
    ".aac", ".aif", ".aifc", ".aiff", ".amr", ".au", ".caf", ".flac", ".m4a", ".mka", ".mp3",
    ".mp4", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".w64", ".wav", ".wave", ".webm", ".wma",
})  # fmt: skip
"""A text without white space that ends in one of these is taken for the name of a file."""


MAX_BYTES_PER_S: Final = 192_000 * 2 * 3
"""Bytes accepted in a message's file per second of `max_message_s`: 192 kHz stereo of 24 bits."""
MORE_BYTES: Final = 2**24
"""Bytes accepted on top of that, for pictures and text in the file."""


class _Default:
    """The type of `DEFAULT`, so that it cannot be mistaken for words."""

    def __repr__(self) -> str:
        return "lastword.DEFAULT"


DEFAULT: Final = _Default()
"""The bundled clip of the session's language, in the tone that fits the failure."""

Late: TypeAlias = str | AsyncIterable[rtc.AudioFrame]
"""Words to be rendered in the agent's own voice, or frames to be collected."""
OneMessage: TypeAlias = Late | os.PathLike[str] | Clip | BuiltinAudioClip | _Default | None
"""What can be said."""
AnyMessage: TypeAlias = OneMessage | Mapping[FailureKind | None, OneMessage]
"""What `attach` and its kin take for a message, or one for each kind of failure."""

TONES: Final[Mapping[FailureKind | None, Tone]] = {
    FailureKind.RATE_LIMITED: "later",
    FailureKind.OVERLOADED: "later",
    FailureKind.CONNECTION: "later",
    FailureKind.TIMEOUT: "later",
}
"""Kinds whose bundled words say that the trouble is temporary; all others are "generic"."""


@dataclass(frozen=True)
class _Line:
    """What is said about one kind of failure.

    Attributes:
        sound: What is ready from the start.
        late: What becomes a sound later: words, or an async iterable of frames.
        tone: The bundled clip that speaks while there is no other sound; None for silence.
    """

    sound: Utterance | None = None
    late: Late | None = None
    tone: Tone | None = None


class Message:
    """All sounds that one session could need, one for each kind of failure.

    Args:
        message: Any form that `attach` takes.
        languages: Languages of bundled words in the order of preference, such as "en" or "pt-BR";
            None is skipped, and English is used when none fits.
        max_message_s: The longest sound accepted, in seconds.
        handed_on: Kinds after which the caller stays on the line; bundled words say so.
        tone: The tone of all bundled words; None for the one that fits each kind of failure.

    Attributes:
        late: Words and async iterables that become sounds later, each once, the default first.

    Raises:
        ClipNotFoundError: A file does not exist.
        ClipError: A file cannot be read, or is longer than `max_message_s`.
        MessageError: The message has a form that is not known.
    """

    def __init__(
        self,
        message: AnyMessage,
        *,
        languages: Iterable[str | None],
        max_message_s: float,
        handed_on: Collection[FailureKind] = (),
        tone: Tone | None = None,
    ) -> None:
        self.max_s = max_message_s
        self._language = nearest_language(*languages)
        self._format = OutputFormat()
        self._bundled: dict[tuple[str, Tone], Utterance] = {}
        self._heard_late: dict[int, Utterance] = {}
        self._lines = self._plan(message, handed_on, tone)
        self.late = list(
            {id(line.late): line.late for line in self._lines.values() if line.late}.values()
        )
        self._now = self._choose()

    @property
    def changes(self) -> bool:
        """Whether a sound may change later: bundled words follow the language of the session."""
        return any(line.tone is not None for line in self._lines.values())

    def for_kind(self, kind: FailureKind | None) -> Utterance | None:
        """Return what is said for a kind of failure, None for any other; or None for nothing."""
        return self._now[kind]

    def prepare(self, to: OutputFormat) -> None:
        """Prepare all sounds for an output; do nothing for a format that is ready."""
        self._format = to
        _prepare(self._now.values(), to)

    def put(self, late: Late, clip: Clip, source: Origin) -> None:
        """Use a sound that was made later from now on; prepares it, so not for the event loop.

        Args:
            late: One of `self.late`.
            clip: What it has become.
            source: What the report calls it.

        Raises:
            ClipLimitError: It is longer than `max_message_s`; the earlier sound stays in use.
        """
        self._heard_late[id(late)] = self._utterance(clip, source)
        self._renew()

    def use_languages(self, languages: Iterable[str | None]) -> None:
        """Change the language of the bundled words; may decode, so not for the event loop."""
        nearest = nearest_language(*languages)
        if nearest != self._language:
            self._language = nearest
            self._renew()

    def _renew(self) -> None:
        chosen = self._choose()
        prepared_for = None
        while prepared_for != self._format:  # the output may change meanwhile
            prepared_for = self._format
            _prepare(chosen.values(), prepared_for)
            self._now = chosen  # in one step: the event loop may look at any time

    def _choose(self) -> dict[FailureKind | None, Utterance | None]:
        return {kind: self._best(line) for kind, line in self._lines.items()}

    def _best(self, line: _Line) -> Utterance | None:
        if line.tone is None:
            return line.sound
        late = self._heard_late.get(id(line.late))
        if late is not None:
            return late
        key = (self._language, line.tone)
        if key not in self._bundled:
            clip = bundled(*key)  # however long: the bound is for the user's own words
            self._bundled[key] = Utterance(clip, clip.transcript, "bundled")
        return self._bundled[key]

    # --- the forms of a message ------------------------------------------------------------------

    def _plan(
        self, message: AnyMessage, handed_on: Collection[FailureKind], tone: Tone | None
    ) -> dict[FailureKind | None, _Line]:
        given = message if isinstance(message, Mapping) else {None: message}
        for kind in given:
            if kind is not None and kind not in set(FailureKind):
                raise MessageError(
                    f"expected a FailureKind or None as a key of the mapping, got {kind!r}; known "
                    f"are {', '.join(FailureKind)}"
                )
        default = given.get(None, DEFAULT)
        sounds: dict[int, Utterance] = {}
        tones: dict[FailureKind | None, Tone] = {**TONES}
        tones.update(dict.fromkeys(handed_on, "transfer"))
        return {
            kind: self._line(given.get(kind, default), tone or tones.get(kind, "generic"), sounds)
            for kind in (None, *FailureKind)
        }

    def _line(self, message: OneMessage, tone: Tone, sounds: dict[int, Utterance]) -> _Line:
        """Resolve one message; files and clips only once, however many kinds share them."""
        if message is None or (isinstance(message, str) and not message):
            return _Line()
        if isinstance(message, _Default):
            return _Line(tone=tone)
        if isinstance(message, AsyncIterable) or (
            isinstance(message, str) and not _is_file(message)
        ):
            return _Line(late=message, tone=tone)
        if id(message) not in sounds:
            sounds[id(message)] = self._utterance(self._clip_of(message), "clip")
        return _Line(sound=sounds[id(message)])

    def _clip_of(self, message: object) -> Clip:
        if isinstance(message, Clip):
            return message
        if isinstance(message, BuiltinAudioClip):
            message = message.path()
        if not isinstance(message, (str, os.PathLike)):
            raise MessageError(
                "expected a message as str, path, Clip, BuiltinAudioClip, async iterable of "
                "AudioFrame, a mapping of these by FailureKind, or None; got "
                f"{type(message).__name__}"
            )
        # The decoder knows the bound: an hour of sound is neither read nor decoded to be refused.
        most = min(MAX_BYTES_PER_S * self.max_s + MORE_BYTES, DEFAULT_LIMITS.max_file_bytes)
        try:
            return Clip.load(message, limits=Limits(self.max_s, max_file_bytes=int(most)))
        except ClipLimitError as error:
            if error.limit == "max_duration_s":
                raise self._too_long(f"a longer one: {message}", source=error.source) from error
            if error.limit == "max_file_bytes":
                raise ClipLimitError(
                    f"expected a message of at most {self.max_s:.1f} s, got a file of more than "
                    f"{int(most)} bytes: {message}; shorten it, raise max_message_s, or pass "
                    "lastword.Clip.load(...) of it",
                    source=error.source,
                    limit=error.limit,
                ) from error
            raise

    def _utterance(self, clip: Clip, source: Origin) -> Utterance:
        if clip.duration_s > self.max_s:
            raise self._too_long(f"one of {clip.duration_s:.1f} s")
        return Utterance(clip, clip.transcript, source)

    def _too_long(self, got: str, source: str = "") -> ClipLimitError:
        return ClipLimitError(
            f"expected a message of at most {self.max_s:.1f} s, got {got}; shorten it or raise "
            "max_message_s",
            source=source,
            limit="max_duration_s",
        )


def _prepare(utterances: Iterable[Utterance | None], to: OutputFormat) -> None:
    for utterance in {id(u): u for u in utterances if u is not None}.values():
        utterance.frames(to)


def _is_file(text: str) -> bool:
    """Tell a file's name from words; a name with a known suffix must exist."""
    named_like_one = not any(c.isspace() for c in text) and (
        Path(text).suffix.lower() in AUDIO_SUFFIXES
    )
    try:
        # what is neither file nor folder, a pipe for example, is refused where files are read
        exists = Path(text).exists() and not Path(text).is_dir()
    except (OSError, ValueError):  # too long for a path, or with a NUL: words
        exists = False
    if named_like_one and not exists:
        raise ClipNotFoundError(
            f"expected an existing audio file, found none at {text!r}; check the path, or add a "
            "space if these are words to be spoken",
            source=text,
        )
    return exists
