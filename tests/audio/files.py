"""Test sounds, and files of every format that soundfile and PyAV can write."""

import io
import struct

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

WAV_SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW")


def sweep(num_frames: int, rate: int, channels: int = 1) -> NDArray[np.float32]:
    """A sweep from 200 Hz on at 0.4 of full scale, loud from the first sample to the last."""
    t = np.arange(num_frames) / rate
    phases = np.arange(channels) * 0.7 + 0.3
    length = max(num_frames, 1) / rate
    wave = np.sin(2 * np.pi * (200 * t + 300 * t * t / length)[:, np.newaxis] + phases)
    return (0.4 * wave).astype(np.float32)


def written(
    samples: NDArray[np.float32], rate: int, file_format: str, subtype: str | None = None
) -> bytes:
    """A file by libsndfile."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=file_format, subtype=subtype)
    return file.getvalue()


def libsndfile(data: bytes) -> NDArray[np.float32]:
    """What libsndfile reads, float32 (frames, channels)."""
    samples: NDArray[np.float32] = soundfile.read(
        io.BytesIO(data), dtype="float32", always_2d=True
    )[0]
    return samples


def encoded(
    samples: NDArray[np.float32], rate: int, codec: str, container: str, bit_rate: int = 192_000
) -> bytes:
    """A file by FFmpeg; `samples` are float32, of 16 bits for what has no more."""
    packed = codec == "libopus"
    sample_format = {"libopus": "flt", "alac": "s16p", "flac": "s16"}.get(codec, "fltp")
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    data = samples
    if sample_format.startswith("s16"):
        data = np.round(samples * 32767).astype(np.int16)
        packed = not sample_format.endswith("p")
    rows = data.reshape(1, -1) if packed else np.ascontiguousarray(data.T)
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.layout = layout
        stream.bit_rate = bit_rate
        stream.codec_context.format = sample_format
        frame = av.AudioFrame.from_ndarray(rows, format=sample_format, layout=layout)
        frame.sample_rate = rate
        frame.pts = 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)
    return file.getvalue()


def chunk(name: bytes, contents: bytes, *, pad: bool = True) -> bytes:
    """One chunk of a RIFF file."""
    padding = b"\0" if pad and len(contents) % 2 else b""
    return struct.pack("<4sI", name, len(contents)) + contents + padding


def riff(*chunks: bytes, form: bytes = b"RIFF", size: int | None = None) -> bytes:
    """A RIFF file of chunks."""
    body = b"WAVE" + b"".join(chunks)
    return struct.pack("<4sI", form, len(body) if size is None else size) + body


def pcm_format(
    tag: int = 1, channels: int = 1, rate: int = 8000, sample_bytes: int = 2, extra: bytes = b""
) -> bytes:
    """The contents of a `fmt ` chunk."""
    frame_bytes = channels * sample_bytes
    return (
        struct.pack(
            "<HHIIHH", tag, channels, rate, rate * frame_bytes, frame_bytes, 8 * sample_bytes
        )
        + extra
    )
