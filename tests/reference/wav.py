"""The pure Python twin of ext/riff.c: finds the samples of a WAV file, slowly and plainly."""

import struct
from typing import NamedTuple

TAIL = bytes.fromhex("000000001000800000aa00389b71")
ENCODINGS = {
    (1, 1): "u8", (1, 2): "s16", (1, 3): "s24", (1, 4): "s32",
    (3, 4): "f32", (3, 8): "f64", (6, 1): "alaw", (7, 1): "mulaw",
}  # fmt: skip


class Layout(NamedTuple):
    """As `_native.wav_parse` returns it, with the encoding by name ("" for another codec)."""

    encoding: str
    num_channels: int
    sample_rate: int
    num_frames: int
    format_offset: int
    format_bytes: int
    data_offset: int
    data_bytes: int
    missing_bytes: int
    end: int


def parse(file: bytes) -> Layout | str | None:
    """Find the samples; a text says what is wrong, `None` that it is no WAV."""
    if not begins_wav(file, 0):
        return None
    fmt, data, long_size = None, None, 0
    at = 12
    while len(file) - at >= 8 and not begins_wav(file, at):
        name, size = struct.unpack_from("<4sI", file, at)
        if fmt and data and not goes_on(file, at, sum(data[:2])):
            break
        start = at + 8
        end = min(start + size, len(file))
        if name == b"fmt " and fmt is None:
            fmt = (start, end - start)
        elif name == b"ds64" and file[:4] != b"RIFF" and end - start >= 28:
            long_size = struct.unpack_from("<Q", file, start + 8)[0]
        elif name == b"data" and data is None:
            end, announced = measure(file, start, size, long_size)
            data = (start, end - start, announced - (end - start))
        at = next_chunk(file, end)
    if fmt is None:
        return "no format"
    form = parse_format(file[fmt[0] : sum(fmt)])
    if not isinstance(form, tuple):
        return form
    if data is None:
        return "no data"
    encoding, frame_bytes, channels, rate = form
    num_frames = data[1] // frame_bytes if encoding else 0
    whole = len(file) if len(file) - at < 8 else at
    return Layout(encoding, channels, rate, num_frames, *fmt, *data, whole)


def goes_on(file: bytes, at: int, samples_end: int) -> bool:
    """Whether there is one more chunk, and behind the end that is told, nothing else."""
    told_end = 8 + struct.unpack_from("<I", file, 4)[0]
    if samples_end <= told_end <= at:
        return is_chunks(file, at)
    name, size = struct.unpack_from("<4sI", file, at)
    return printable(name) and at + 8 + size <= len(file)


def begins_wav(file: bytes, at: int) -> bool:
    """Whether a WAV file begins here."""
    return file[at : at + 4] in (b"RIFF", b"RF64", b"BW64") and file[at + 8 : at + 12] == b"WAVE"


def measure(file: bytes, start: int, size: int, long_size: int) -> tuple[int, int]:
    """Where the samples end, and how many bytes of them the file announces."""
    announced = long_size if size == 0xFFFFFFFF and long_size else size
    beyond = announced > len(file) - start
    open_ended = beyond and announced >= 0x7FFF0000
    if size == 0:
        open_ended = not is_chunks(file, start)
    end = len(file)
    if open_ended or beyond:
        end = next((at for at in range(start, end) if begins_wav(file, at)), end)
    if open_ended:
        behind = (at for at in range(start, end - 7) if is_chunks(file[:end], at))
        end = next(behind, end)
        announced = end - start
    return min(end, start + announced), announced


def is_chunks(file: bytes, at: int) -> bool:
    """Whether whole chunks fill the rest of the file."""
    chunks = 0
    while len(file) - at >= 8:
        name, size = struct.unpack_from("<4sI", file, at)
        chunks += 1
        if not printable(name) or at + 8 + size > len(file) or chunks > 64:
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


def parse_format(fmt: bytes) -> tuple[str, int, int, int] | str:
    """Give (encoding, bytes per frame, channels, rate); no encoding and zeros for other codecs."""
    if len(fmt) < 16 or (fmt[:2] == b"\xfe\xff" and len(fmt) < 40):
        return "bad format"
    tag, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", fmt)
    if tag == 0xFFFE:
        if fmt[26:40] != TAIL:
            return "", 0, 0, 0
        tag = struct.unpack_from("<H", fmt, 24)[0]
    if tag not in (1, 3, 6, 7):
        return "", 0, 0, 0
    sample_bytes, odd = divmod(frame_bytes, channels) if channels else (0, 0)
    fits = rate and not odd and bits <= 8 * sample_bytes and (tag, sample_bytes) in ENCODINGS
    return (ENCODINGS[tag, sample_bytes], frame_bytes, channels, rate) if fits else "bad format"
