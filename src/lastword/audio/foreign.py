"""Owns the decoders of other people: libsndfile through soundfile, FFmpeg through PyAV.

Both are imported when a sound needs them: `import soundfile` takes 40 ms, which a WAV never pays.
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .gathered import Gathered

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .limits import Limits


class CannotDecodeError(Exception):
    """This decoder does not read the sound; its text says what the decoder said."""


def reason(error: Exception) -> str:
    """Return what a decoder said, whatever it raised, without the address of an object of ours."""
    # libsndfile's own text names our file object; its bare words are in an attribute.
    said = str(getattr(error, "error_string", error))
    if isinstance(error, CannotDecodeError) or said != str(error):
        return said
    return f"{type(error).__name__}: {said}"


Decoder: TypeAlias = (
    "Callable[[bytes, str, Limits], tuple[NDArray[np.int16] | NDArray[np.float32], int]]"
)


def decoders(data: bytes) -> list[tuple[str, Decoder]]:
    """Give the decoders for an encoded sound, with the library's name, in the order of trying.

    libsndfile is faster and as exact for all it knows but Opus: there the same libopus is at work
    below both, and under FFmpeg it takes two thirds of the time (benchmarks/test_decode.py).
    """
    order: list[tuple[str, Decoder]] = [
        ("libsndfile", decode_with_soundfile),
        ("FFmpeg", decode_with_pyav),
    ]
    return order[::-1] if _OPUS_MARK in data[:_FIRST_OGG_PAGE] else order


_OPUS_MARK = b"OpusHead"  # RFC 7845: the first packet of an Ogg stream of Opus
_FIRST_OGG_PAGE = 64  # bytes: a page header of 28, then that packet


class _Memory(io.BytesIO):
    """Bytes as a file. In a damaged one libsndfile seeks before the start, and knows no errors."""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def decode_with_soundfile(
    data: bytes, name: str, limits: Limits
) -> tuple[NDArray[np.int16] | NDArray[np.float32], int]:
    """Decode with libsndfile.

    Args:
        data: The whole file.
        name: What messages call it.
        limits: Checked before memory is taken: a damaged header claims anything.

    Returns:
        Samples (frames, channels), int16 for a 16-bit format, else float32, and the sample rate
        in Hz.

    Raises:
        CannotDecodeError: libsndfile does not know the format, or the data is damaged.
        ClipEmptyError: It holds no samples.
        ClipLimitError: It is beyond the limits.
    """
    import soundfile  # noqa: PLC0415 - see the module docstring

    with soundfile.SoundFile(_Memory(data)) as file:
        limits.check(file.frames, file.channels, file.samplerate, name)
        kind = "int16" if file.subtype == "PCM_16" else "float32"
        return file.read(dtype=kind, always_2d=True), file.samplerate


_LENIENT_PYAV = 19
"""From here on PyAV never fails over the letters of a title, and takes no `metadata_errors`."""


def decode_with_pyav(data: bytes, name: str, limits: Limits) -> tuple[NDArray[np.float32], int]:
    """Decode the first audio stream with FFmpeg.

    Args:
        data: The whole file.
        name: What messages call it.
        limits: Checked while decoding: some bytes may hold hours of silence.

    Returns:
        Samples, float32 (frames, channels), and the sample rate in Hz.

    Raises:
        CannotDecodeError: FFmpeg does not know the format, the data is damaged, or has no sound.
        ClipLimitError: It is beyond the limits.
    """
    import av  # noqa: PLC0415 - see the module docstring

    release = int(av.__version__.split(".")[0])
    lenient: dict[str, Any] = {"metadata_errors": "ignore"} if release < _LENIENT_PYAV else {}
    with av.open(io.BytesIO(data), mode="r", **lenient) as container:
        if not container.streams.audio:
            raise CannotDecodeError("it has no audio stream")
        stream = container.streams.audio[0]
        decoder = _decoder_of(stream)
        end = last = 0
        gathered = Gathered()
        for packet in container.demux(stream):
            end = max(end, (packet.pts or 0) + (packet.duration or 0))
            # The last packet is empty and asks the decoder for what it still holds.
            for frame in decoder.decode(packet):
                last = frame.samples
                num_frames, num_channels = gathered.num_frames + last, frame.layout.nb_channels
                limits.check(num_frames, num_channels, frame.sample_rate, name, so_far=True)
                gathered.add(_frame_samples(frame).T)
        if not gathered.num_frames:
            raise CannotDecodeError("it has no samples")
        samples = gathered.whole()
        sample_rate = int(decoder.sample_rate)
        counts_samples = stream.time_base == Fraction(1, max(sample_rate, 1))
        is_padded = 0 < len(samples) - end < last
        if "mp4" in container.format.name and counts_samples and is_padded:
            # Time 0 is the first sample after the encoder's delay, which FFmpeg has cut off.
            # The padding at the end it leaves: there the last packet's duration tells.
            samples = samples[:end]
        return samples, sample_rate


def _decoder_of(stream: Any) -> Any:
    """Give the decoder of a stream.

    FFmpeg's own Opus decoder strays from libopus by up to a tenth of full scale where a file
    changes between its speech and music modes (FFmpeg 8.1); libopus is beside it.
    """
    import av  # noqa: PLC0415 - see the module docstring

    if stream.codec_context is None:
        raise CannotDecodeError("its codec is unknown")
    if stream.codec_context.name != "opus":
        return stream.codec_context
    decoder = av.CodecContext.create("libopus", "r")
    decoder.extradata = stream.codec_context.extradata
    decoder.options = {"request_sample_fmt": "flt"}  # it would round to 16 bits
    return decoder


_KINDS = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
"""FFmpeg's names of sample formats -> dtype; planar ones have a "p" behind."""


_UNTRUSTED_PLANES = 8
"""So many planes PyAV cannot list: it looks for their end behind the last one, takes what stands
there for one more, and reads it (18.1: a crash) or refuses it (19.0)."""


def _packed(frame: Any) -> Any:
    """Interleave the channels of a frame of FFmpeg."""
    import av  # noqa: PLC0415 - see the module docstring

    (packed,) = av.AudioResampler(frame.format.packed).resample(frame)
    return packed


def _frame_samples(frame: Any) -> NDArray[np.float32]:
    """Give the samples of one frame of FFmpeg as float32 (channels, frames)."""
    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels >= _UNTRUSTED_PLANES:
        frame = _packed(frame)
    kind = _KINDS[frame.format.name.removesuffix("p")]
    samples: NDArray[Any]
    if frame.format.is_planar:
        samples = np.stack([np.frombuffer(plane, kind, frame.samples) for plane in frame.planes])
    else:
        packed = np.frombuffer(frame.planes[0], kind, frame.samples * channels)
        samples = packed.reshape(-1, channels).T
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    full_scale = 1 << (8 * samples.dtype.itemsize - 1)
    zero = full_scale if samples.dtype.kind == "u" else 0
    scaled: NDArray[np.float64] = (samples.astype(np.float64) - zero) / full_scale
    return scaled.astype(np.float32)
