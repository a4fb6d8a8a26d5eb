"""Makes WAV files that are wrong in their structure: what random bytes never come to.

An input is known by its seed and its number: the same ones make the same bytes again.
"""

from __future__ import annotations

import functools
import io
import struct
from random import Random

import numpy as np
import soundfile

CODECS = ("PCM_16", "FLOAT", "ULAW", "IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32", "NMS_ADPCM_16")
TAGS = (0, 1, 2, 3, 6, 7, 0x11, 0x14, 0x31, 0x38, 0x40, 0x50, 0x55, 0x92, 0xFFFE, 0xFFFF)
NAMES = (b"fmt ", b"data", b"LIST", b"fact", b"id3 ", b"ID3 ", b"bext", b"cart", b"cue ", b"smpl",
         b"inst", b"acid", b"PEAK", b"DISP", b"JUNK", b"PAD ", b"ds64", b"levl", b"iXML", b"strc",
         b"afsp", b"clm ", b"exif", b"slnt", b"wavl", b"note", b"labl", b"adtl", b"RIFF", b"OggS",
         b"TAG ", b"\0\0\0\0", b"\xff\xfb\x90\0")  # fmt: skip
LISTS = (b"INFO", b"adtl", b"wavl", b"exif", b"????")
FORMS = (b"RIFF", b"RIFF", b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff")
EDGES = (0, 1, 2, 7, 8, 12, 2**16, 2**31 - 1, 2**31)


def mutation(seed: int, number: int) -> bytes:
    """Make one input."""
    return _Maker(Random(f"{seed} {number}")).file()  # noqa: S311 - made again by its seed


@functools.cache
def _chunks_of(codec: str) -> tuple[tuple[bytes, bytes], ...]:
    """The chunks of a good file, which libsndfile wrote."""
    file = io.BytesIO()
    wave = np.sin(np.arange(600) / 7, dtype=np.float32) / 2
    soundfile.write(file, wave, 8000, format="WAV", subtype=codec)
    data, at = file.getvalue(), 12
    chunks = []
    while at < len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        chunks.append((name, data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return tuple(chunks)


class _Maker:
    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def file(self) -> bytes:
        """One file, or some that were joined, with or without damage."""
        data = b"".join(self._one() for _ in range(self._rng.choice([1, 1, 1, 1, 2, 3])))
        if self._rng.random() < 0.2:
            data = data[: self._rng.randrange(len(data))]
        if self._rng.random() < 0.2:
            data += self._rng.randbytes(self._rng.randrange(40))
        if self._rng.random() < 0.2:
            flipped = bytearray(data or b"R")
            for _ in range(self._rng.choice([1, 2, 5])):
                flipped[self._rng.randrange(min(len(flipped), 200))] = self._rng.randrange(256)
            data = bytes(flipped)
        return data

    def _one(self) -> bytes:
        rng = self._rng
        chunks = list(_chunks_of(rng.choice(CODECS)))
        for _ in range(rng.choice([0, 1, 1, 2, 4])):
            rng.choice([self._add, self._add, self._drop, self._swap, self._bend])(chunks)
        body = b"WAVE" + b"".join(self._chunk(name, contents) for name, contents in chunks)
        return rng.choice(FORMS) + struct.pack("<I", self._size(len(body), 0.3)) + body

    def _chunk(self, name: bytes, contents: bytes) -> bytes:
        padding = b"\0" if len(contents) % 2 and self._rng.random() < 0.9 else b""
        size = self._size(len(contents), 0.25)
        return name + struct.pack("<I", size) + contents + padding

    def _size(self, true_size: int, wrong: float) -> int:
        """The size, or one that is near it, near an edge, or goes back by some bytes."""
        rng = self._rng
        if rng.random() >= wrong:
            return true_size
        near = rng.choice(
            [true_size, 0, rng.choice(EDGES)]
        )  # below 0: what goes back if it is signed
        return (near + rng.randint(-12, 12)) % 2**32

    def _add(self, chunks: list[tuple[bytes, bytes]]) -> None:
        rng = self._rng
        contents = rng.randbytes(rng.choice([0, 1, 4, 12, 28, 40, 603]))
        name = rng.choice(NAMES)
        if name == b"LIST":
            inner = b"".join(
                self._chunk(rng.choice(NAMES), b"abc") for _ in range(rng.randrange(4))
            )
            contents = rng.choice(LISTS) + inner
        chunks.insert(rng.randint(0, len(chunks)), (name, contents))

    def _drop(self, chunks: list[tuple[bytes, bytes]]) -> None:
        if chunks:
            chunks.pop(self._rng.randrange(len(chunks)))

    def _swap(self, chunks: list[tuple[bytes, bytes]]) -> None:
        self._rng.shuffle(chunks)

    def _bend(self, chunks: list[tuple[bytes, bytes]]) -> None:
        """Change a field of the format."""
        for place, (name, contents) in enumerate(chunks):
            if name == b"fmt ":
                bent = bytearray(contents)
                at = self._rng.choice([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
                value = self._rng.choice([*TAGS, *EDGES]) % 2**16
                if at + 2 <= len(bent):
                    struct.pack_into("<H", bent, at, value)
                chunks[place] = (name, bytes(bent))
