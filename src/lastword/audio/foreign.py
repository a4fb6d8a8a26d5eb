"""Decodes with third-party libraries: libsndfile through soundfile, FFmpeg through PyAV.

Both are imported only when a sound needs them: `import soundfile` takes 40 ms, which a WAV never
pays.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from . import _native
from .openings import behind_leading_tags, kind_at
from .sink import AnySink, Begin, Opening
from .told import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from .limits import Limits


class CannotDecodeError(Exception):
    """This decoder does not read the sound; the text is the decoder's own."""


def reason(error: Exception) -> str:
    """Return the message of a decoder's exception without the address of a file object."""
    # soundfile's text names the file object; libsndfile's own message is in an attribute.
    said = str(getattr(error, "error_string", error))
    if isinstance(error, CannotDecodeError) or said != str(error):
        return said
    return f"{type(error).__name__}: {said}"


Decoder: TypeAlias = "Callable[[bytes, str, Limits, Begin[AnySink]], AnySink]"

_FOR_LIBSNDFILE = ("FLAC", "Ogg", "MPEG", "AU")
"""What libsndfile reads faster or more exactly than FFmpeg. It gets nothing else: 1.2.2 loops
forever over some chunks of WAV and similar formats, and prints to standard output about a damaged
SDS."""


def decoders(data: bytes, *, is_repacked: bool) -> list[tuple[str, Decoder[Any]]]:
    """Return the decoders for an encoded sound, each with its library's name, in the order to try.

    Both decode Opus with the same libopus; through FFmpeg it takes two thirds of the time
    (benchmarks/test_decode.py).

    Args:
        data: The whole file.
        is_repacked: Whether it is a WAV that was rewritten and is therefore safe for libsndfile.
    """
    order: list[tuple[str, Decoder[Any]]] = [("FFmpeg", decode_with_pyav)]
    if is_repacked or kind_at(data, behind_leading_tags(data)) in _FOR_LIBSNDFILE:
        is_opus = _OPUS_MARK in data[:_FIRST_OGG_PAGE]
        order.insert(1 if is_opus else 0, ("libsndfile", decode_with_soundfile))
    return order


_OPUS_MARK = b"OpusHead"  # RFC 7845: the first packet of an Ogg stream of Opus
_FIRST_OGG_PAGE = 64  # bytes: a page header of 28, then that packet


def _opened(data: bytes) -> _native.CountedFile:
    """Return bytes as a file for a decoder, which may go in circles."""
    return _native.CountedFile(data, _MIN_ACCESSES + len(data) // _BYTES_PER_ACCESS)


def _check(file: _native.CountedFile) -> None:
    """Raise `CannotDecodeError` if the file was cut off for too many accesses."""
    if file.is_exhausted:
        raise CannotDecodeError("it makes the decoder go in circles")


_MIN_ACCESSES, _BYTES_PER_ACCESS = 10_000, 4
"""No decoder needs more than one access per ten bytes (CAF), or per 75 in a long file (MP3)."""


def decode_with_soundfile(data: bytes, name: str, limits: Limits, begin: Begin[AnySink]) -> AnySink:
    """Decode with libsndfile.

    Args:
        data: The whole file.
        name: What messages call it.
        limits: Checked before memory is allocated: a damaged header may claim anything.
        begin: Makes what takes the samples, int16 for a 16-bit format, else float32.

    Returns:
        What has taken them.

    Raises:
        CannotDecodeError: libsndfile does not know its length.
        ClipEmptyError: It holds no samples.
        ClipLimitError: It is beyond the limits.
        Exception: libsndfile does not know the format, or the data is damaged.
    """
    import soundfile  # noqa: PLC0415 - see the module docstring

    if kind_at(data) == "MPEG":
        data = _EMPTY_ID3V2 + data
    memory = _opened(data)
    with soundfile.SoundFile(memory) as file:
        _check(memory)
        # It would seek to where it is after each piece, and decode a part of an MP3 again.
        file.seekable = lambda: False
        if file.frames >= _UNKNOWN_LENGTH:
            raise CannotDecodeError("it does not say how long it is")
        limits.check(file.frames, file.channels, file.samplerate, name)
        dtype = np.int16 if file.subtype == "PCM_16" else np.float32
        coding = f"{file.format} {file.subtype}"
        sink = begin(Opening(file.samplerate, file.channels, dtype, coding, file.frames))
        while sink.num_frames < file.frames:
            room = sink.room()[: file.frames - sink.num_frames]
            piece = file.read(out=room)
            _check(memory)
            sink.add(piece)
            if len(piece) < len(room):
                break
        missing = file.frames - sink.num_frames
        if missing:
            warn(
                "a sound ends %.3f s earlier than it says: %s",
                missing / file.samplerate,
                name,
                name=name,
                missing_samples=missing,
            )
        return sink


_EMPTY_ID3V2 = b"ID3\3\0\0\0\0\0\x0a" + bytes(10)
"""Without a tag in front of it, libsndfile does not recognize an MP3 if the working directory has a
file `._`, which it takes for a Macintosh resource fork."""

_UNKNOWN_LENGTH = 2**62  # libsndfile reports SF_COUNT_MAX, 2^63 - 1, for a FLAC from a pipe


_LENIENT_PYAV = 19
"""From this version on PyAV never fails on the encoding of a title and has no `metadata_errors`."""


def decode_with_pyav(data: bytes, name: str, limits: Limits, begin: Begin[AnySink]) -> AnySink:
    """Decode the first audio stream with FFmpeg.

    Args:
        data: The whole file.
        name: What messages call it.
        limits: Checked while decoding: a few bytes may hold hours of silence.
        begin: Makes what takes the samples, float32.

    Returns:
        What has taken them.

    Raises:
        CannotDecodeError: It has no sound, or FFmpeg would decode it to noise.
        ClipLimitError: It is beyond the limits.
        Exception: FFmpeg does not know the format, or the data is damaged.
    """
    import av  # noqa: PLC0415 - see the module docstring

    if data.startswith(b"RIFX"):
        raise CannotDecodeError(
            "it takes the samples of this big-endian WAV for little-endian ones"
        )
    release = int(av.__version__.split(".")[0])
    lenient: dict[str, Any] = {"metadata_errors": "ignore"} if release < _LENIENT_PYAV else {}
    memory = _opened(data)
    with av.open(memory, mode="r", **lenient) as container:
        if not container.streams.audio:
            raise CannotDecodeError("it has no audio stream")
        stream = container.streams.audio[0]
        decoder = _decoder_of(stream)
        sink: AnySink | None = None
        for samples, rate in _decoded(container, stream, decoder):
            num_channels = samples.shape[1]
            if sink is None:
                coding = f"{container.format.name} {stream.codec_context.name}"
                sink = begin(Opening(rate, num_channels, np.float32, coding))
            num_frames = sink.num_frames + len(samples)
            limits.check(num_frames, num_channels, rate, name, so_far=True)
            sink.add(samples)
        _check(memory)
        if sink is None:
            raise CannotDecodeError("it has no samples")
        return sink


def _decoded(
    container: Any, stream: Any, decoder: Any
) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Yield the samples of a stream, float32 (frames, channels), and their rate, batch by batch."""
    import av  # noqa: PLC0415 - see the module docstring

    end = num_frames = last = 0
    queue: Any = av.AudioFifo()  # refuses another rate or other channels
    for packet in container.demux(stream):
        end = max(end, (packet.pts or 0) + (packet.duration or 0))
        for frame in decoder.decode(packet):  # the last packet is empty and flushes the decoder
            frame.pts = None  # it need not follow the one before
            queue.write(frame)
            last = frame.samples
            num_frames += last
        if queue.samples - last >= _BATCH:
            taken = queue.read(queue.samples - last)
            yield _frame_samples(taken), taken.sample_rate
    taken = queue.read()
    if taken is None:
        return
    samples, rate = _frame_samples(taken), taken.sample_rate
    counts_samples = stream.time_base == Fraction(1, max(rate, 1))
    if "mp4" in container.format.name and counts_samples and 0 < num_frames - end < last:
        # Time 0 is the first sample after the encoder's delay, which FFmpeg has cut off.
        # It leaves the padding at the end, which only the last packet's duration reveals.
        samples = samples[: len(samples) - (num_frames - end)]
    yield samples, rate


_BATCH = 8192
"""Samples per channel that are handed on at once; FFmpeg's frames have some hundred."""


def _decoder_of(stream: Any) -> Any:
    """Return the decoder of a stream; for Opus, libopus instead of FFmpeg's own.

    FFmpeg's own Opus decoder deviates from libopus by up to a tenth of full scale where a file
    switches between the speech and music modes (FFmpeg 8.1).
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
"""FFmpeg's names of sample formats -> dtype; planar formats end in "p"."""


_UNTRUSTED_PLANES = 8
"""PyAV cannot list this many planes: it looks for a terminator behind the last one, takes what
happens to be there for another plane, and reads it (18.1: a crash) or refuses it (19.0)."""


def _packed(frame: Any) -> Any:
    """Interleave the channels of an FFmpeg frame."""
    import av  # noqa: PLC0415 - see the module docstring

    (packed,) = av.AudioResampler(frame.format.packed).resample(frame)
    return packed


def _frame_samples(frame: Any) -> NDArray[np.float32]:
    """Return the samples of one FFmpeg frame as float32 (frames, channels)."""
    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels >= _UNTRUSTED_PLANES:
        frame = _packed(frame)
    kind = _KINDS[frame.format.name.removesuffix("p")]
    samples: NDArray[Any]
    if frame.format.is_planar:
        planes = [np.frombuffer(plane, kind, frame.samples) for plane in frame.planes]
        samples = np.stack(planes, axis=1)
    else:
        packed = np.frombuffer(frame.planes[0], kind, frame.samples * channels)
        samples = packed.reshape(-1, channels)
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    full_scale = 1 << (8 * samples.dtype.itemsize - 1)
    zero = full_scale if samples.dtype.kind == "u" else 0
    scaled: NDArray[np.float64] = (samples.astype(np.float64) - zero) / full_scale
    return scaled.astype(np.float32)
