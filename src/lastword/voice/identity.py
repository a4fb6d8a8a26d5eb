"""Names a sound before it is rendered: equal names, equal sounds. Does no I/O.

The name is a hash over the voice, all its options (its language is one of them) and the words.
Credentials are removed before hashing: a new key does not mean a new sound, and no name reveals
one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from livekit.agents import tts

from lastword._upstream.speakers import option_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT_VERSION = 1
"""Increased when the same voice and words would be stored differently."""

_MAX_DEPTH = 5  # nested options; plugins of livekit-agents 1.8 need three levels
_SECRET_WORDS = frozenset({
    "apikey", "auth", "authorization", "bearer", "cookie", "cookies", "credential", "credentials",
    "header", "headers", "key", "password", "secret", "signature", "token",
})  # fmt: skip


def sound_key(voice: tts.TTS[Any], text: str) -> str:
    """Return the name of what a voice will make of a text.

    Args:
        voice: A TTS that speaks itself, not an adapter.
        text: The words.

    Returns:
        64 hexadecimal digits, the same in every process for the same voice, options and words.
    """
    name = {
        "format": FORMAT_VERSION,
        "voice": voice_options(voice),
        "text": text,
    }
    return hashlib.sha256(json.dumps(name, sort_keys=True).encode()).hexdigest()


def words_key(text: str) -> str:
    """Return the name of words without a voice.

    Args:
        text: The words.

    Returns:
        64 hexadecimal digits, the same in every process.
    """
    name = {"format": FORMAT_VERSION, "text": text}
    return hashlib.sha256(json.dumps(name, sort_keys=True).encode()).hexdigest()


def voice_options(voice: tts.TTS[Any], *, depth: int = _MAX_DEPTH) -> dict[str, Any]:
    """Collect what determines how a TTS sounds: provider, model and options, without credentials.

    All options that are plain data count: one too many costs a needless rendering, one too few
    plays the wrong voice.

    Args:
        voice: A TTS that speaks itself.
        depth: How many levels of nested options are followed.
    """
    return {
        "class": f"{type(voice).__module__}.{type(voice).__qualname__}",
        "provider": voice.provider,
        "model": voice.model,
        "options": dict(_plain_items(option_attributes(voice), depth)),
    }


def _plain_items(items: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in items.items():
        if _SECRET_WORDS & set(str(name).lower().split("_")):
            continue
        plain = _plain(value, depth - 1)
        if plain is not None:
            yield str(name), plain


def _plain(value: Any, depth: int) -> Any:  # noqa: PLR0911 - one line per kind of value
    """Reduce a value to JSON; None for what is not data or is nested too deeply."""
    if depth < 0 or value is None:
        return None
    if isinstance(value, Enum):
        return _plain(value.value, depth)
    if isinstance(value, str):
        return _without_credentials(value)
    if isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, tts.TTS):
        return voice_options(value, depth=depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return dict(_plain_items(fields, depth))
    if isinstance(value, Mapping):
        return dict(_plain_items(value, depth))
    if isinstance(value, Sequence):
        return [_plain(item, depth - 1) for item in value]
    return None


def _without_credentials(text: str) -> str:
    """Return a URL without user, password and query, which may hold credentials."""
    if "://" not in text:
        return text
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
