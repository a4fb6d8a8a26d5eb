"""Owns the decoders of other people: libsndfile through soundfile, FFmpeg through PyAV.

Both are imported when a sound needs them: `import soundfile` takes 40 ms, which a WAV never pays.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class CannotDecodeError(Exception):
    """This decoder does not read the sound; its text says what the decoder said."""


def decode_with_soundfile(data: bytes) -> tuple[NDArray[np.float32], int]:
    """Decode with libsndfile.

    Returns:
        Samples, float32 (frames, channels), and the sample rate in Hz.

    Raises:
        CannotDecodeError: libsndfile does not know the format, or the data is damaged.
    """
    import soundfile  # noqa: PLC0415 - see the module docstring

    try:
        samples, sample_rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, OverflowError) as error:
        raise CannotDecodeError(str(error)) from error
    return samples, sample_rate


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
            to_float = av.AudioResampler(format="flt")
            parts: list[NDArray[Any]] = []
            for decoded in (*container.decode(stream), None):
                if decoded is None and not parts:
                    break  # nothing was decoded: there is no filter to flush
                parts.extend(
                    frame.to_ndarray().reshape(-1, frame.layout.nb_channels)
                    for frame in to_float.resample(decoded)
                )
            if not parts:
                raise CannotDecodeError("it has no samples")
            return np.concatenate(parts), int(stream.rate or 0)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise CannotDecodeError(str(error)) from error


DECODERS = {"libsndfile": decode_with_soundfile, "FFmpeg": decode_with_pyav}
"""In the order of trying: libsndfile is exact, and faster for what it knows."""
