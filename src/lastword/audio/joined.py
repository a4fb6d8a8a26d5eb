"""Splits a file into the sounds that it was joined from; decoders stop after the first of them.

People append MP3s and WAVs to each other, and Ogg streams are chained.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from .openings import behind_leading_tags, behind_trailing_tags, kind_at, next_of
from .wav import WavError, read_layout

MAX_PIECES: Final = 1000
"""More than a text has sentences. A file of nothing but headers must not keep decoders busy."""


class Joined(NamedTuple):
    """The sounds of a file.

    Attributes:
        pieces: Each a file of its own, in their order.
        left_over: Bytes behind the last one that are neither sound nor tags.
    """

    pieces: list[bytes]
    left_over: int


def split(data: bytes) -> Joined:
    """Split a file where one sound ends and the next begins; most files are one piece."""
    spans: list[tuple[int, int]] = []
    at, is_sound = 0, True
    while is_sound and at < len(data) and len(spans) < MAX_PIECES:
        end = _end_of_sound(data, at)
        if end <= at:  # a header with nothing behind it
            end = len(data)
        spans.append((at, end))
        at = end if _begins_sound(data, end) else behind_trailing_tags(data, end)
        is_sound = _begins_sound(data, at)
    left_over = len(data) - at
    if len(spans) == 1:
        return Joined([data], left_over)
    return Joined([data[start:end] for start, end in spans], left_over)


def _begins_sound(data: bytes, at: int) -> bool:
    return kind_at(data, behind_leading_tags(data, at)) is not None


def _end_of_sound(data: bytes, at: int) -> int:
    """Return where the sound that begins here ends, as far as its format says."""
    at = behind_leading_tags(data, at)
    kind = kind_at(data, at)
    if kind is None:
        return len(data)
    if kind == "WAV":
        return _end_of_wav(data, at)
    if kind == "Ogg":
        return _end_of_ogg(data, at)
    if kind == "MPEG":
        return _end_of_mpeg(data, at)
    if kind == "MP4":
        return _end_of_mp4(data, at)
    return next_of(kind, data, at + 1)


def _end_of_wav(data: bytes, at: int) -> int:
    try:
        wav = read_layout(memoryview(data)[at:])
    except WavError:
        return len(data)
    return len(data) if wav is None else at + wav.end


# --- Ogg: RFC 3533 -----------------------------------------------------------------------------

_PAGE_HEADER: Final = 27
_BEGINS_STREAM: Final = 0x02


def _end_of_ogg(data: bytes, at: int) -> int:
    """Return where the next link of a chain begins, or the last page ends."""
    in_stream = False
    while data.startswith(b"OggS", at) and len(data) - at >= _PAGE_HEADER:
        begins = bool(data[at + 5] & _BEGINS_STREAM)
        if begins and in_stream:
            return at
        in_stream = not begins  # parallel streams begin in adjacent pages
        contents = at + _PAGE_HEADER + data[at + _PAGE_HEADER - 1]
        end = contents + sum(data[at + _PAGE_HEADER : contents])
        at = end if end >= len(data) or data.startswith(b"OggS", end) else _resume(data, end)
    return min(at, len(data))


def _resume(data: bytes, end: int) -> int:
    """Return where pages continue after damage; `end` if none follows."""
    found = data.find(b"OggS", end)
    return end if found < 0 else found


# --- MP3: ISO 11172-3, and the leading frame in which encoders state the length ------------------

_BIT_RATES: Final = {  # kbit/s of layer III by index, for MPEG-1 and for its halved sample rates
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = (44100, 48000, 32000)
_MONO: Final = 3
_HAS_FRAMES, _HAS_BYTES = 1, 2


class _Frame(NamedTuple):
    size: int
    side_info: int


def _mp3_frame(data: bytes, at: int) -> _Frame | None:
    """Return the sizes of the frame that begins here, in bytes; `None` if none does."""
    header = data[at : at + 4]
    if kind_at(header) != "MPEG" or (header[1] >> 1 & 3) != 1:
        return None
    version, rate_index = header[1] >> 3 & 3, header[2] >> 2 & 3
    if rate_index == len(_RATES):
        return None
    is_mpeg1 = version == 3  # noqa: PLR2004 - 2 is MPEG-2, 0 is MPEG-2.5
    rate = _RATES[rate_index] // {3: 1, 2: 2, 0: 4}[version]
    bit_rate = 1000 * _BIT_RATES[is_mpeg1][header[2] >> 4]
    size = (144 if is_mpeg1 else 72) * bit_rate // rate + (header[2] >> 1 & 1)
    is_mono = header[3] >> 6 == _MONO
    side_info = (17 if is_mono else 32) if is_mpeg1 else (9 if is_mono else 17)
    return _Frame(size, side_info)


def _end_of_mpeg(data: bytes, at: int) -> int:
    """Return where an MP3 that states its length ends; decoders play the others to the end."""
    first = _mp3_frame(data, at)
    if first is None:
        return len(data)
    mark = at + 4 + first.side_info
    if data[mark : mark + 4] not in (b"Xing", b"Info") or len(data) - mark < 16:  # noqa: PLR2004
        return len(data)
    flags, num_frames, num_bytes = (
        int.from_bytes(data[place : place + 4], "big") for place in range(mark + 4, mark + 16, 4)
    )
    if not flags & _HAS_FRAMES:
        return len(data)
    told = at + num_bytes
    if flags & _HAS_BYTES and (
        _begins_sound(data, told) or behind_trailing_tags(data, told) == len(data)
    ):
        return told
    for _ in range(num_frames + 1):  # the byte count is often wrong: count frames, this one and
        frame = _mp3_frame(data, at)
        if frame is None:
            return len(data)
        at += frame.size
    return min(at, len(data))


# --- MP4: ISO 14496-12 ---------------------------------------------------------------------------

_BOX_HEADER: Final = 8
_LONG_BOX: Final = 1


def _end_of_mp4(data: bytes, at: int) -> int:
    """Return where the boxes of the next file begin."""
    first = at
    while len(data) - at >= 2 * _BOX_HEADER:
        size, name, long_size = struct.unpack_from(">I4sQ", data, at)
        if name == b"ftyp" and at != first:
            return at
        size = long_size if size == _LONG_BOX else size
        if size < _BOX_HEADER:
            break  # 0: to the end
        at += size
    return len(data)
