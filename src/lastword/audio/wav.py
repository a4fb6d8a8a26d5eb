"""Decodes WAV files of plain samples with the extension, and makes others safe for libsndfile."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import _native
from .sink import AnySink, Begin, Opening
from .told import warn

if TYPE_CHECKING:
    from .limits import Limits

WavError = _native.WavError
"""A WAV file that contradicts itself."""

_CODINGS = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW")
"""libsndfile's names for the values of `WavLayout.encoding`."""
_SAMPLE_BYTES = (1, 2, 3, 4, 4, 8, 1, 1)


class WavLayout(NamedTuple):
    """The layout of a WAV file; offsets and sizes in bytes.

    Attributes:
        encoding: For `_native.wav_decode`; `_native.OTHER_CODEC` if the samples are compressed.
        num_channels: 0 for another codec, as are the two below.
        sample_rate: In Hz.
        num_frames: Samples per channel that are really there.
        format_offset: Of the contents of `fmt `.
        format_bytes: Their size.
        data_offset: Of the first sample.
        data_bytes: Size of the samples that are really there.
        missing_bytes: What the header announces beyond them.
        end: Where this WAV ends: the end of the bytes, or where something else follows.
    """

    encoding: int
    num_channels: int
    sample_rate: int
    num_frames: int
    format_offset: int
    format_bytes: int
    data_offset: int
    data_bytes: int
    missing_bytes: int
    end: int

    @property
    def is_plain(self) -> bool:
        """Whether the extension can decode its samples."""
        return self.encoding != _native.OTHER_CODEC

    def warn_of_missing(self, name: str) -> None:
        """Warn if the file ends early, and say how much of it is there."""
        if self.missing_bytes:
            warn(
                "a WAV file ends early, %d bytes of its samples are missing: playing the %d that "
                "are there: %s",
                self.missing_bytes,
                self.data_bytes,
                name,
                name=name,
                missing_bytes=self.missing_bytes,
            )


def read_layout(data: bytes | memoryview) -> WavLayout | None:
    """Find the samples of a WAV file.

    Args:
        data: The file, and perhaps what was appended to it.

    Returns:
        Where they are, or `None` if this is not a WAV.

    Raises:
        WavError: It is a WAV without a usable `fmt ` chunk or without `data`.
    """
    found = _native.wav_parse(data)
    return None if found is None else WavLayout(*found)


def decode_wav(
    data: bytes, wav: WavLayout, name: str, limits: Limits, begin: Begin[AnySink]
) -> AnySink:
    """Decode a WAV of plain samples; 16-bit samples are used in place.

    Raises:
        ClipEmptyError: It holds no samples.
        ClipLimitError: It is beyond the limits.
    """
    limits.check(wav.num_frames, wav.num_channels, wav.sample_rate, name)
    coding = f"{'WAV' if data.startswith(b'RIFF') else data[:4].decode()} {_CODINGS[wav.encoding]}"
    dtype = np.int16 if wav.encoding == _native.S16 else np.float32
    sink = begin(Opening(wav.sample_rate, wav.num_channels, dtype, coding, wav.num_frames))
    if wav.encoding == _native.S16:
        shape = (wav.num_frames, wav.num_channels)
        count = wav.num_frames * wav.num_channels
        lying = np.frombuffer(data, np.int16, count, wav.data_offset).reshape(shape)
        # Chunks begin at even offsets, except in files whose writer forgot a pad byte.
        sink.add(np.require(lying, requirements="A"))
        return sink
    frame_bytes = _SAMPLE_BYTES[wav.encoding] * wav.num_channels
    while sink.num_frames < wav.num_frames:
        room = sink.room()[: wav.num_frames - sink.num_frames]
        offset = wav.data_offset + sink.num_frames * frame_bytes
        _native.wav_decode(data, wav.encoding, offset, room.reshape(-1))
        sink.add(room)
    return sink


def repacked(data: bytes, wav: WavLayout) -> bytes:
    """Return a new WAV that holds only the format and the samples of this one.

    libsndfile 1.2.2 never returns from some sizes of chunks that it does not even need: give it
    none.
    """
    chunks = b"".join(
        struct.pack("<4sI", chunk, size) + data[offset : offset + size] + bytes(size % 2)
        for chunk, offset, size in (
            (b"fmt ", wav.format_offset, wav.format_bytes),
            (b"data", wav.data_offset, wav.data_bytes),
        )
    )
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks
