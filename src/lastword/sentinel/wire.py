"""What a job tells its sentinel over their socket: a call with its sounds, then beats, then bye.

The sentinel answers once: from then on the call is watched.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

BEAT, BYE = b".", b"b"
"""What follows the call: that the process works, and that it ends as planned."""
WATCHED = b"w"
"""The sentinel's answer to a call."""

SAMPLE_RATE = 24000
"""Of all sounds, in Hz; mono, 16 bits."""

MAX_HEADER_BYTES = 256 * 1024
"""Beside the sounds: 64 kB of metadata and 32 KiB of history, written down as JSON."""
MAX_SOUND_BYTES = 60 * SAMPLE_RATE * 2
"""A minute, the longest message that is accepted by default."""

_BEGINNING = struct.Struct(">8sI")
_MAGIC = b"lastword"
_SOUNDS = ("first", "second", "filler")


class WireError(ValueError):
    """What came over the socket is not a call."""


@dataclass(frozen=True)
class Sound:
    """One sound, ready to be played.

    Attributes:
        pcm: Samples at `SAMPLE_RATE`, mono, 16 bits, little-endian.
        transcript: Its words.
        source: Where it came from, as in the report.
    """

    pcm: bytes
    transcript: str = ""
    source: str = "clip"


@dataclass(frozen=True)
class Lines:
    """What is said and done if the process ends.

    Attributes:
        first: The message, or None.
        second: What is said if the action fails, or None.
        filler: What is said while the process may still come back, or None.
        after: The action, as `actions` writes it, or None.
        tell: Whether the others in the room are told of it.
    """

    first: Sound | None = None
    second: Sound | None = None
    filler: Sound | None = None
    after: Mapping[str, Any] | None = None
    tell: bool = True


@dataclass(frozen=True)
class Call:
    """One call as its job knows it.

    Attributes:
        url: The server.
        token: For this room alone, under the sentinel's own identity.
        room: The room's name.
        agent: Identity of the job's agent.
        caller: Identity of the linked participant, or None.
        thread: Native id of the thread that the job's event loop runs in.
        lines: What is said and done.
        agent_name: The name by which the job was dispatched, or None without a job.
        metadata: The metadata of the job, without the note of a hand-over.
        history: The conversation so far as plain values, oldest first.
    """

    url: str
    token: str
    room: str
    agent: str
    caller: str | None
    thread: int
    lines: Lines
    agent_name: str | None = None
    metadata: str = ""
    history: list[dict[str, Any]] = field(default_factory=list)


def pack(call: Call) -> bytes:
    """Write a call down.

    Raises:
        WireError: It is too large: a message of more than a minute.
    """
    return pack_lines(call.lines, {f.name: getattr(call, f.name) for f in _PLAIN})


def pack_lines(lines: Lines, header: Mapping[str, Any]) -> bytes:
    """Write down what is said and done, behind some fields in JSON.

    Raises:
        WireError: It is too large.
    """
    sounds = {name: sound for name in _SOUNDS if (sound := getattr(lines, name)) is not None}
    sizes = {
        name: {"bytes": len(sound.pcm), "transcript": sound.transcript, "source": sound.source}
        for name, sound in sounds.items()
    }
    told = {**header, "sounds": sizes, "after": lines.after, "tell": lines.tell}
    text = json.dumps(told).encode()
    longest = max((len(sound.pcm) for sound in sounds.values()), default=0)
    if len(text) > MAX_HEADER_BYTES or longest > MAX_SOUND_BYTES:
        raise WireError(
            f"expected sounds of at most 60 s and {MAX_HEADER_BYTES} bytes beside them, got "
            f"{longest / SAMPLE_RATE / 2:.1f} s and {len(text)} bytes; give a shorter message"
        )
    return b"".join((_BEGINNING.pack(_MAGIC, len(text)), text, *(s.pcm for s in sounds.values())))


async def read(reader: asyncio.StreamReader) -> Call:
    """Read a call.

    Raises:
        WireError: Something else came.
        asyncio.IncompleteReadError: The other end closed before its end.
    """
    header, lines = await read_lines(reader)
    try:
        values = {f.name: header[f.name] for f in _PLAIN}
    except KeyError as missing:
        raise WireError(f"expected a call, its {missing} is missing") from None
    texts = [values[name] for name in ("url", "token", "room", "agent", "metadata")]
    is_told = isinstance(values["thread"], int) and isinstance(values["history"], list)
    if not all(isinstance(text, str) for text in texts) or not is_told:
        raise WireError("expected a call, got fields of other types")
    return Call(**values, lines=lines)


async def read_lines(reader: asyncio.StreamReader) -> tuple[dict[str, Any], Lines]:
    """Read what `pack_lines` has written: the fields, and what is said and done.

    Raises:
        WireError: Something else came.
        asyncio.IncompleteReadError: The other end closed before its end.
    """
    magic, size = _BEGINNING.unpack(await reader.readexactly(_BEGINNING.size))
    if magic != _MAGIC or size > MAX_HEADER_BYTES:
        raise WireError("expected a call, got something else")
    try:
        header = json.loads(await reader.readexactly(size))
        sounds = {name: dict(header["sounds"][name]) for name in header["sounds"]}
        after, tell = header["after"], header["tell"] is not False
    except (ValueError, TypeError, KeyError, RecursionError):
        raise WireError("expected a call, got something else") from None
    read: dict[str, Sound] = {}
    for name, told in sounds.items():
        count = told.get("bytes")
        if name not in _SOUNDS or not isinstance(count, int) or not 0 <= count <= MAX_SOUND_BYTES:
            raise WireError("expected sounds of at most 60 s, got something else")
        pcm = await reader.readexactly(count)
        read[name] = Sound(pcm, str(told.get("transcript", "")), str(told.get("source", "clip")))
    return header, Lines(**read, after=after if isinstance(after, dict) else None, tell=tell)


_PLAIN = tuple(f for f in fields(Call) if f.name != "lines")
