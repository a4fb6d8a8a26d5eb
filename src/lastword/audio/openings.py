"""Recognizes sound files by how they begin, and skips the tags around them. Decodes nothing."""

from __future__ import annotations

import re
from typing import Final

_PATTERNS: Final = {
    "WAV": rb"(?:RIFF|RF64|BW64).{4}WAVE",
    "FLAC": rb"fLaC[\0\x80]\0\0\x22",  # RFC 9639: the first block is STREAMINFO, 34 bytes
    "Ogg": rb"OggS\0[\x02\x03\x06\x07]",  # RFC 3533: version 0, the first page of a stream
    # ISO 11172-3, 13818-3: eleven bits of sync, then no reserved layer, bit rate or sample rate
    "MPEG": rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff][\x10-\xef][^\xff]",
    "AU": rb"\.snd\0\0|dns\...\0\0",  # big-endian and little-endian: the place of the samples
    "AIFF": rb"FORM.{4}AIF[FC]",
    "W64": rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0",
    "CAF": rb"caff\0\x01\0\0desc",
    "MP4": rb".{4}ftyp",
    "Matroska": rb"\x1aE\xdf\xa3.{0,40}?\x42\x82.(?:webm|matroska)",  # EBML, its DocType
}
_OPENINGS: Final = {kind: re.compile(pattern, re.DOTALL) for kind, pattern in _PATTERNS.items()}

_ID3V2_HEADER: Final = 10  # and the footer, if there is one
_ID3V2_HAS_FOOTER: Final = 0x10
_ID3V1: Final = 128
_APE_FOOTER: Final = 32
_ZEROS: Final = re.compile(rb"\0*")


def kind_at(data: bytes, at: int = 0) -> str | None:
    """Return the kind of sound file that begins here ("WAV", "Ogg", ...), or `None`."""
    return next((kind for kind, opening in _OPENINGS.items() if opening.match(data, at)), None)


def next_of(kind: str, data: bytes, at: int) -> int:
    """Return where the next file of a kind begins, from `at` on; the end if there is none."""
    found = _OPENINGS[kind].search(data, at)
    return found.start() if found else len(data)


def behind_leading_tags(data: bytes, at: int = 0) -> int:
    """Return where a file really begins: after its ID3v2 tags."""
    while data.startswith(b"ID3", at) and len(data) - at >= _ID3V2_HEADER:
        size = 0
        for byte in data[at + 6 : at + _ID3V2_HEADER]:  # seven bits each
            size = size << 7 | byte & 0x7F
        has_footer = data[at + 5] & _ID3V2_HAS_FOOTER
        at += _ID3V2_HEADER + size + (_ID3V2_HEADER if has_footer else 0)
    return min(at, len(data))


def behind_trailing_tags(data: bytes, at: int) -> int:
    """Return where a file really ends: after zeros and its ID3v1 and APE tags."""
    while at < len(data):
        start, at = at, _ZEROS.match(data, at).end()  # type: ignore[union-attr]  # always matches
        if data.startswith(b"TAG", at):
            at += _ID3V1
        elif data.startswith(b"APETAGEX", at):
            at += _APE_FOOTER + int.from_bytes(data[at + 12 : at + 16], "little")
        if at == start:
            break
    return min(at, len(data))
