"""Owns the decoders of other people: libsndfile through soundfile, FFmpeg through PyAV.

Both are imported when a sound needs them: `import soundfile` takes 40 ms, which a WAV never pays.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


class CannotDecodeError(Exception):
    """This decoder does not read the sound; its text says what the decoder said."""


Decoder: TypeAlias = "Callable[[bytes], tuple[NDArray[np.int16] | NDArray[np.float32], int]]"


def decoders(data: bytes) -> list[tuple[str, Decoder]]:
    """Give the decoders for an encoded sound, with the library's name, in the order of trying.

    libsndfile is faster and as exact for all it knows but Opus, which FFmpeg decodes in half the
    time (benchmarks/test_decode.py measures it).
    """
    order: list[tuple[str, Decoder]] = [
        ("libsndfile", decode_with_soundfile),
        ("FFmpeg", decode_with_pyav),
    ]
    return order[::-1] if _OPUS_MARK in data[:_FIRST_OGG_PAGE] else order


_OPUS_MARK = b"OpusHead"  # RFC 7845: the first packet of an Ogg stream of Opus
_FIRST_OGG_PAGE = 64  # bytes: a page header of 28, then that packet


def decode_with_soundfile(data: bytes) -> tuple[NDArray[np.int16] | NDArray[np.float32], int]:
    """Decode with libsndfile.

    Returns:
        Samples (frames, channels), int16 for a 16-bit format, else float32, and the sample rate
        in Hz.

    Raises:
        CannotDecodeError: libsndfile does not know the format, or the data is damaged.
    """
    import soundfile  # noqa: PLC0415 - see the module docstring

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            kind = "int16" if file.subtype == "PCM_16" else "float32"
            return file.read(dtype=kind, always_2d=True), file.samplerate
    except (soundfile.SoundFileError, RuntimeError, ValueError, OverflowError) as error:
        raise CannotDecodeError(str(error)) from error


def decode_with_pyav(data: bytes) -> tuple[NDArray[np.float32], int]:
    """Decode the first audio stream with FFmpeg.

    Returns:
        Samples, float32 (frames, channels), and the sample rate in Hz.

    Raises:
        CannotDecodeError: FFmpeg does not know the format, the data is damaged, or has no sound.
    """
    import av  # noqa: PLC0415 - see the module docstring

    try:
        with av.open(io.BytesIO(data), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise CannotDecodeError("it has no audio stream")
            stream = container.streams.audio[0]
            parts = [_frame_samples(frame) for frame in container.decode(stream)]
            if not parts:
                raise CannotDecodeError("it has no samples")
            return np.ascontiguousarray(np.concatenate(parts, axis=1).T), int(stream.rate or 0)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise CannotDecodeError(str(error)) from error


def _frame_samples(frame: Any) -> NDArray[np.float32]:
    """Give the samples of one frame of FFmpeg as float32 (channels, frames)."""
    samples: NDArray[Any] = (
        frame.to_ndarray()
    )  # planar formats: (channels, frames); packed ones: one row
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    full_scale = 1 << (8 * samples.dtype.itemsize - 1)
    zero = full_scale if samples.dtype.kind == "u" else 0
    scaled: NDArray[np.float64] = (samples.astype(np.float64) - zero) / full_scale
    return scaled.astype(np.float32)
