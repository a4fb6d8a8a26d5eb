"""The pure Python twin of ext/riff.c: finds the samples of a WAV file, slowly and plainly."""

import struct
from typing import NamedTuple

TAIL = bytes.fromhex("000000001000800000aa00389b71")
ENCODINGS = {
    (1, 1): "u8", (1, 2): "s16", (1, 3): "s24", (1, 4): "s32",
    (3, 4): "f32", (3, 8): "f64", (6, 1): "alaw", (7, 1): "mulaw",
}  # fmt: skip


class Layout(NamedTuple):
    """As `_native.wav_parse` returns it, with the encoding by name."""

    encoding: str
    num_channels: int
    sample_rate: int
    data_offset: int
    num_frames: int
    missing_bytes: int


def parse(file: bytes) -> Layout | str | None:
    """Find the samples; a text says what is wrong, `None` that it is someone else's file."""
    if len(file) < 12 or file[:4] not in (b"RIFF", b"RF64", b"BW64") or file[8:12] != b"WAVE":
        return None
    fmt, data, long_size = None, None, 0
    at = 12
    while len(file) - at >= 8 and (fmt is None or data is None):
        name, size = struct.unpack_from("<4sI", file, at)
        start = at + 8
        end = min(start + size, len(file))
        if name == b"fmt " and fmt is None:
            fmt = file[start:end]
        elif name == b"ds64" and file[:4] != b"RIFF" and end - start >= 28:
            long_size = struct.unpack_from("<Q", file, start + 8)[0]
        elif name == b"data" and data is None:
            announced = announced_size(file, start, size, long_size)
            end = min(start + announced, len(file))
            data = (start, end - start, announced - (end - start))
        at = next_chunk(file, end)
    if fmt is None:
        return "no format"
    form = parse_format(fmt)
    if not isinstance(form, tuple):
        return form
    if data is None:
        return "no data"
    (encoding, frame_bytes, channels, rate), (start, present, missing) = form, data
    return Layout(encoding, channels, rate, start, present // frame_bytes, missing)


def announced_size(file: bytes, start: int, size: int, long_size: int) -> int:
    """How many bytes of samples the file says it has."""
    to_the_end = len(file) - start
    if size == 0xFFFFFFFF:
        return long_size or to_the_end
    if size == 0 and not is_chunks(file, start):
        return to_the_end
    return size


def is_chunks(file: bytes, at: int) -> bool:
    """Whether whole chunks fill the rest of the file."""
    while len(file) - at >= 8:
        name, size = struct.unpack_from("<4sI", file, at)
        if not printable(name) or at + 8 + size > len(file):
            return False
        at = next_chunk(file, at + 8 + size)
    return at >= len(file)


def next_chunk(file: bytes, end: int) -> int:
    """Where the next chunk begins: at an even place, unless a name stands where the pad should."""
    pad = file[end : end + 1]
    if end % 2 == 0 or not pad:
        return end
    name = file[end : end + 4]
    return end if pad != b"\0" and len(name) == 4 and printable(name) else end + 1


def printable(name: bytes) -> bool:
    """Whether these are four printable ASCII characters."""
    return all(0x20 <= byte <= 0x7E for byte in name)


def parse_format(fmt: bytes) -> tuple[str, int, int, int] | str | None:
    """Give (encoding, bytes per frame, channels, rate)."""
    if len(fmt) < 16 or (fmt[:2] == b"\xfe\xff" and len(fmt) < 40):
        return "bad format"
    tag, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", fmt)
    if tag == 0xFFFE:
        if fmt[26:40] != TAIL:
            return None
        tag = struct.unpack_from("<H", fmt, 24)[0]
    if tag not in (1, 3, 6, 7):
        return None
    sample_bytes, odd = divmod(frame_bytes, channels) if channels else (0, 0)
    fits = rate and not odd and bits <= 8 * sample_bytes and (tag, sample_bytes) in ENCODINGS
    return (ENCODINGS[tag, sample_bytes], frame_bytes, channels, rate) if fits else "bad format"
