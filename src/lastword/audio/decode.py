"""Owns the decision which decoder reads a sound. Knows neither clips nor frames.

A WAV is read by the extension, everything else by libsndfile, and what that does not know by
FFmpeg.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lastword.errors import ClipError, ClipFormatError

from . import foreign
from .limits import DEFAULT_LIMITS, Limits
from .source import describe, read

try:
    from . import _native
except ImportError as error:  # the package is never slower or less exact in silence
    raise ImportError(
        "the compiled module lastword.audio._native is missing or was built for another Python: "
        "in a source tree, build it with 'python setup.py build_ext --inplace' (or 'make build'); "
        "otherwise install lastword again"
    ) from error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .source import Contents, Source

logger = logging.getLogger("lastword")


SAMPLE_TYPES = ("float32", "float64", "int16", "int32")


class Recording(NamedTuple):
    """A sound as it was recorded, in the least memory; `Audio` is what users get.

    Attributes:
        samples: (frames, channels), int16 if 16 bits hold it exactly, else float32. It may lie in
            the bytes of the source.
        sample_rate: In Hz.
    """

    samples: NDArray[np.int16] | NDArray[np.float32]
    sample_rate: int


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
        limits: What the sound may be at most.

    Returns:
        The samples and their rate.

    Raises:
        ClipNotFoundError: The path does not exist.
        ClipFormatError: No decoder reads it, or it holds NaN or infinity.
        ClipEmptyError: It holds no samples.
        ClipLimitError: It is longer, wider, slower, faster or larger than `limits`.
        TypeError: `limits` are no `Limits`.
    """
    check_limits(limits)
    return to_float(decode_exact(source, limits))


def check_limits(limits: object) -> None:
    """Refuse what a caller passes as `limits` and is not.

    Raises:
        TypeError: It is no `Limits`.
    """
    if not isinstance(limits, Limits):
        raise TypeError(
            f"limits: expected Limits, got {limits!r}; write Limits(max_duration_s=...)"
        )


def to_float(recording: Recording) -> Audio:
    """Widen a recording to float32, in an array of its own."""
    samples, sample_rate = recording
    if samples.dtype == np.float32:
        return Audio(np.asarray(samples, np.float32), sample_rate)
    return Audio(samples * np.float32(2.0**-15), sample_rate)


def decode_exact(source: Source | Contents, limits: Limits) -> Recording:
    """Decode a sound as `decode` does, and leave 16-bit sounds in their 16 bits."""
    if isinstance(source, tuple):
        name = describe(source)
        recording = _from_samples(source, name, limits)
    else:
        contents = read(source, limits)
        name = contents.name
        recording = _from_bytes(contents.data, name, limits)
    num_frames, num_channels = recording.samples.shape
    limits.check(num_frames, num_channels, recording.sample_rate, name)
    if recording.samples.dtype == np.float32 and not _native.all_finite(recording.samples):
        raise ClipFormatError(
            f"expected finite samples, got NaN or infinity: {name}. Render the file again",
            source=name,
        )
    return recording


def _from_samples(source: tuple[NDArray[Any], int], name: str, limits: Limits) -> Recording:
    """Take samples as they are, in an array of our own."""
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
    if samples.dtype == np.int16:
        return Recording(np.array(samples, np.int16, order="C"), sample_rate)
    own = np.array(samples, np.float32, order="C")
    if samples.dtype == np.int32:
        own *= np.float32(2.0**-31)
    return Recording(own, sample_rate)


def _from_bytes(data: bytes, name: str, limits: Limits) -> Recording:
    tried = []
    try:
        wav = _decode_wav(data, name, limits)
        if wav is not None:
            return wav
    except _native.WavError as error:
        tried.append(f"WAV: {error}")
    for who, decoder in foreign.decoders(data):
        try:
            return Recording(*decoder(data, name, limits))
        except ClipError:
            raise
        except Exception as error:  # noqa: BLE001 - third-party code raises what it likes
            tried.append(f"{who}: {foreign.reason(error)}")
    raise ClipFormatError(
        f"expected a sound file, no decoder reads {name} ({len(data)} bytes). "
        f"Tried {'; '.join(tried)}. Convert it to WAV, FLAC, Ogg, MP3 or M4A",
        source=name,
    )


def _decode_wav(data: bytes, name: str, limits: Limits) -> Recording | None:
    """Decode a WAV with plain samples; `None` if it is something else."""
    layout = _native.wav_parse(data)
    if layout is None:
        return None
    encoding, num_channels, sample_rate, offset, num_frames, missing_bytes = layout
    limits.check(num_frames, num_channels, sample_rate, name)
    if missing_bytes:
        logger.warning(
            "a WAV file is shorter than it says by %d bytes: playing the %.3f s that are there: %s",
            missing_bytes,
            num_frames / sample_rate,
            name,
            extra={
                "source": name,
                "missing_bytes": missing_bytes,
                "present_s": round(num_frames / sample_rate, 3),
            },
        )
    shape = (num_frames, num_channels)
    if encoding == _native.S16:
        lying = np.frombuffer(data, np.int16, num_frames * num_channels, offset).reshape(shape)
        # Contents of chunks begin at even places, except in files whose writer forgot a pad byte.
        return Recording(np.require(lying, requirements="A"), sample_rate)
    samples = np.empty(shape, np.float32)
    _native.wav_decode(data, encoding, offset, samples.reshape(-1))
    return Recording(samples, sample_rate)
