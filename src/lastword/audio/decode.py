"""Decodes any sound with the first decoder that reads it. Knows neither clips nor frames.

The extension reads WAV; third-party decoders read everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lastword.errors import ClipEmptyError, ClipError, ClipFormatError

from . import foreign
from .gathered import Gathered
from .joined import split
from .limits import DEFAULT_LIMITS, Limits
from .recording import Recording, concatenate
from .sink import AnySink, Begin, Opening
from .source import describe, read
from .told import warn
from .wav import WavError, WavLayout, decode_wav, read_layout, repacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .source import Contents, Source

SAMPLE_TYPES = ("float32", "float64", "int16", "int32")


class Audio(NamedTuple):
    """A decoded sound.

    Attributes:
        samples: float32 (frames, channels), full scale +-1.0; values beyond it are kept.
        sample_rate: In Hz.
    """

    samples: NDArray[np.float32]
    sample_rate: int


def decode(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Audio:
    """Decode a sound of any format to float32.

    Args:
        source: A path, bytes, a binary file object, or `(samples, sample_rate)` with samples as
            float32, float64, int16 or int32 of shape (frames,) or (frames, channels).
        limits: Upper and lower bounds on the sound.

    Returns:
        The samples and their rate.

    Raises:
        ClipNotFoundError: The path does not exist.
        ClipFormatError: No decoder reads it, or it holds NaN or infinity.
        ClipEmptyError: It holds no samples.
        ClipLimitError: Its length, channels, sample rate or size is outside `limits`.
        TypeError: `limits` is not a `Limits`.
    """
    check_limits(limits)
    recording = decode_exact(source, limits)
    return Audio(recording.to_float(), recording.sample_rate)


def check_limits(limits: object) -> None:
    """Check that what a caller passes as `limits` is a `Limits`.

    Raises:
        TypeError: It is not a `Limits`.
    """
    if not isinstance(limits, Limits):
        raise TypeError(
            f"limits: expected Limits, got {limits!r}; write lastword.Limits(max_duration_s=...)"
        )


def decode_exact(source: Source | Contents, limits: Limits) -> Recording:
    """Decode a sound as `decode` does, but keep 16-bit sounds as int16."""
    return pour(source, limits, Gathered).recording()


def pour(source: Source | Contents, limits: Limits, begin: Begin[AnySink]) -> AnySink:
    """Decode a sound piece by piece, as far as its decoder can.

    Args:
        source: As for `decode`, or what has been read already.
        limits: Upper and lower bounds on the sound.
        begin: Makes what takes the samples: int16 if 16 bits hold them exactly, else float32.

    Returns:
        What has taken all of them.

    Raises:
        ClipError: As `decode` does.
    """
    if isinstance(source, tuple):
        name = describe(source)
        sink = _from_samples(source, name, limits, begin)
    else:
        contents = read(source, limits)
        name = contents.name
        sink = _from_bytes(contents.data, name, limits, begin)
    opening = sink.opening
    limits.check(sink.num_frames, opening.num_channels, opening.sample_rate, name)
    if not sink.finite:
        raise ClipFormatError(
            f"expected finite samples, got NaN or infinity: {name}. Render the file again",
            source=name,
        )
    if sink.silent:
        warn("a sound is digital silence: nothing will be heard of %s", name, name=name)
    return sink


def _from_samples(
    source: tuple[NDArray[Any], int], name: str, limits: Limits, begin: Begin[AnySink]
) -> AnySink:
    """Copy samples as they are."""
    if len(source) != 2 or not isinstance(source[1], (int, np.integer)):  # noqa: PLR2004 - a pair
        raise ClipFormatError(
            "expected (samples, sample_rate) with the rate as an integer in Hz", source=name
        )
    try:
        samples = np.asarray(source[0])
    except ValueError as error:  # rows of different lengths
        raise ClipFormatError(f"expected an array of samples: {error}", source=name) from error
    if samples.dtype.name not in SAMPLE_TYPES or samples.ndim not in (1, 2):
        raise ClipFormatError(
            f"expected samples as {', '.join(SAMPLE_TYPES)} of shape (frames,) or "
            f"(frames, channels), got {samples.dtype} of shape {samples.shape}",
            source=name,
        )
    if samples.ndim == 1:
        samples = samples[:, np.newaxis]
    sample_rate = int(source[1])
    limits.check(len(samples), samples.shape[1], sample_rate, name)  # before they are copied
    samples = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    dtype = np.int16 if samples.dtype == np.int16 else np.float32
    sink = begin(Opening(sample_rate, samples.shape[1], dtype, num_frames=len(samples)))
    while sink.num_frames < len(samples):
        room = sink.room()
        piece = samples[sink.num_frames : sink.num_frames + len(room)]
        room = room[: len(piece)]
        np.copyto(room, piece, casting="unsafe")
        if piece.dtype == np.int32:
            room *= np.float32(2.0**-31)
        sink.add(room)
    return sink


def _from_bytes(data: bytes, name: str, limits: Limits, begin: Begin[AnySink]) -> AnySink:
    """Decode all the sounds that a file was joined from."""
    joined = split(data)
    if len(joined.pieces) == 1:
        sink = _from_piece(data, name, limits, begin)
        left_out = joined.left_over
    else:
        recording, left_out = _from_pieces(joined.pieces, name, limits)
        sink = begin(recording.opening)
        sink.add(recording.samples)
        left_out += joined.left_over
    if left_out:
        warn(
            "%d of %d bytes are left out: what stands behind the sound is none, or has another "
            "rate or number of channels: %s. Join sounds of one format",
            left_out,
            len(data),
            name,
            name=name,
            left_out_bytes=left_out,
        )
    return sink


def _from_pieces(pieces: list[bytes], name: str, limits: Limits) -> tuple[Recording, int]:
    """Decode sounds that are played one after the other.

    Returns:
        All sounds that match the first one joined, and the number of bytes of others left out.

    Raises:
        ClipError: None of them is a sound, or together they are beyond the limits.
    """
    recordings: list[Recording] = []
    num_frames = left_out = 0
    refusal: ClipError | None = None
    for piece in pieces:
        try:
            recording = _from_piece(piece, name, limits, Gathered).recording()
        except (ClipEmptyError, ClipFormatError) as error:
            refusal = refusal or error
            left_out += 0 if isinstance(error, ClipEmptyError) else len(piece)
            continue
        if recordings and not recordings[0].goes_on_with(recording):
            left_out += len(piece)
            continue
        recordings.append(recording)
        num_frames += len(recording.samples)
        limits.check(num_frames, recording.samples.shape[1], recording.sample_rate, name)
    if not recordings and refusal:
        raise refusal
    return concatenate(recordings), left_out


def _from_piece(data: bytes, name: str, limits: Limits, begin: Begin[AnySink]) -> AnySink:
    """Decode one sound with the first decoder that reads it."""
    tried = []
    wav: WavLayout | None = None
    try:
        wav = read_layout(data)
    except WavError as error:
        tried.append(f"WAV: {error}")
    if wav is not None:
        wav.warn_of_missing(name)
        if wav.is_plain:
            return decode_wav(data, wav, name, limits, begin)
        data = repacked(data, wav)
    for who, decoder in foreign.decoders(data, is_repacked=wav is not None):
        try:
            sink: AnySink = decoder(data, name, limits, begin)
        except ClipError:
            raise
        except Exception as error:  # noqa: BLE001 - third-party code raises what it likes
            tried.append(f"{who}: {foreign.reason(error)}")
        else:
            return sink
    raise ClipFormatError(
        f"expected a sound file, no decoder reads {name} ({len(data)} bytes). "
        f"Tried {'; '.join(tried)}. Convert it to WAV, FLAC, Ogg, MP3 or M4A",
        source=name,
    )
