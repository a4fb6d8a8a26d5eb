# cython: autotestdict=False
"""Gives Python the sound functions that are written in C: WAV, samples, frames, resampling.

The caller allocates arrays; all long work runs without the GIL.
"""
from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdint cimport SIZE_MAX, int16_t, uint8_t, uint32_t
from libc.string cimport memcpy, memset

cimport cython

cimport native

cdef enum:
    BATCH = 64  # frames per stretch without the GIL: 64 of 50 ms take about 30 us to convert
    CHANNELS = 1 << 10  # at most: each is a copy of the sound
    FRAME_SAMPLES = 1 << 24  # at most in one: 100 ms of 32 channels at 384 kHz are 1.2 million


# --- WAV -------------------------------------------------------------------------------------

S16 = <int>native.PCM_S16
"""The `encoding` of 16-bit PCM, whose samples can be used in place."""

OTHER_CODEC = -1
"""The `encoding` of compressed samples, which another decoder reads."""


class WavError(ValueError):
    """A WAV file that contradicts itself."""


_WAV_ERRORS = {
    native.RIFF_NO_FORMAT: "it has no 'fmt ' chunk",
    native.RIFF_NO_DATA: "it has no 'data' chunk",
    native.RIFF_BAD_FORMAT: "its 'fmt ' chunk contradicts itself",
}


def wav_parse(const uint8_t[::1] data not None):
    """Find the samples of a WAV file in memory.

    Args:
        data: The whole file.

    Returns:
        The fields of `lastword.audio.wav.WavLayout`, or `None` if this is no WAV.

    Raises:
        WavError: The file is a WAV without a usable `fmt ` chunk or without `data`.
    """
    cdef native.riff_wav wav
    cdef native.riff_status status
    cdef size_t size = data.shape[0]
    if size == 0:
        return None
    with nogil:
        status = native.riff_parse(&data[0], size, &wav)
    if status == native.RIFF_NOT_WAV:
        return None
    if status != native.RIFF_OK and status != native.RIFF_OTHER_CODEC:
        raise WavError(_WAV_ERRORS[status])
    return (
        <int>wav.encoding if status == native.RIFF_OK else OTHER_CODEC,
        wav.num_channels, wav.sample_rate, wav.num_frames,
        wav.format_offset, wav.format_bytes, wav.data_offset, wav.data_bytes,
        wav.missing_bytes, wav.end,
    )


def wav_decode(
    const uint8_t[::1] data not None, int encoding, size_t offset, float[::1] out not None
):
    """Decode samples that `wav_parse` found.

    Args:
        data: The whole file.
        encoding: As `wav_parse` returned it.
        offset: Where the first sample begins, in bytes.
        out: Receives float32, channels interleaved; its length says how many samples to decode.
    """
    cdef size_t count = out.shape[0], size = data.shape[0]
    cdef native.pcm_encoding kind = <native.pcm_encoding>encoding
    if not native.PCM_U8 <= encoding <= native.PCM_MULAW:
        raise ValueError("expected an encoding that wav_parse returned")
    if offset > size or count > (size - offset) // native.pcm_sample_bytes(kind):
        raise ValueError("expected as many samples as the data holds, got more")
    if count:
        with nogil:
            native.pcm_to_float(&data[offset], kind, &out[0], count)


# --- samples ---------------------------------------------------------------------------------

def all_finite(const float[:, ::1] samples not None):
    """Return whether every sample is finite."""
    cdef size_t count = samples.shape[0] * samples.shape[1]
    cdef bint finite = True
    if count:
        with nogil:
            finite = native.pcm_all_finite(&samples[0, 0], count)
    return bool(finite)


@cython.final
@cython.internal
@cython.auto_pickle(False)
cdef class Samples:
    """Samples of either type, held as long as this lives; measured by the buffer itself, since an
    object's attributes may differ from it."""

    cdef const int16_t[:, ::1] _narrow
    cdef const float[:, ::1] _wide
    cdef const void *first  # NULL if there is none
    cdef bint is_float
    cdef size_t frames, channels

    def __cinit__(self, samples):
        self.is_float = memoryview(samples).itemsize != sizeof(int16_t)
        if self.is_float:
            self._wide = samples
            self.frames, self.channels = self._wide.shape[0], self._wide.shape[1]
            if self.frames and self.channels:
                self.first = &self._wide[0, 0]
        else:
            self._narrow = samples
            self.frames, self.channels = self._narrow.shape[0], self._narrow.shape[1]
            if self.frames and self.channels:
                self.first = &self._narrow[0, 0]


def mix(samples not None, float[:, ::1] out not None):
    """Write the mean of the channels to `out`.

    Args:
        samples: int16 or float32 (frames, channels).
        out: float32 (frames, 1), full scale +-1.0.
    """
    cdef Samples view = Samples(samples)
    if out.shape[0] != <Py_ssize_t>view.frames or out.shape[1] != 1 or view.channels == 0:
        raise ValueError("expected samples of some channels and out of shape (frames, 1)")
    if view.frames == 0:
        return
    with nogil:
        if view.is_float:
            native.pcm_mix_f32(<const float *>view.first, view.channels, &out[0, 0], view.frames)
        else:
            native.pcm_mix_s16(<const int16_t *>view.first, view.channels, &out[0, 0], view.frames)


# --- frames ------------------------------------------------------------------------------------

def cut(samples not None, size_t num_channels, size_t samples_per_channel):
    """Cut samples into frames of int16.

    Args:
        samples: int16 or float32 (frames, channels) with `num_channels` channels, or one that is
            copied into all of them.
        num_channels: Of the result.
        samples_per_channel: Length of one frame.

    Returns:
        `(frames, clipped)`: one exact-length `bytes` per frame, the last padded with silence, and
        how many samples were beyond full scale.

    Raises:
        ValueError: The channels do not fit or are more than 1024, or a frame has no samples or more
            than 2^24.
    """
    cdef Samples view = Samples(samples)
    cdef size_t total = view.frames, channels = view.channels
    if channels != num_channels and channels != 1 or num_channels == 0 or samples_per_channel == 0:
        raise ValueError("expected one channel or as many as the result, and frames of some length")
    if num_channels > CHANNELS or samples_per_channel > FRAME_SAMPLES // num_channels:
        raise ValueError(
            f"expected at most {CHANNELS} channels, and {FRAME_SAMPLES} samples in all of a frame"
        )
    cdef size_t done = 0, clipped = 0, count, i, take
    cdef size_t frame_samples = samples_per_channel * num_channels
    cdef int16_t *places[BATCH]
    frames = []
    while done < total:
        count = min(<size_t>BATCH, (total - done + samples_per_channel - 1) // samples_per_channel)
        for i in range(count):
            frame = PyBytes_FromStringAndSize(NULL, frame_samples * sizeof(int16_t))
            # Nobody else has this object yet, so its bytes may still be written.
            places[i] = <int16_t *>PyBytes_AsString(frame)
            frames.append(frame)
        with nogil:
            for i in range(count):
                take = min(samples_per_channel, total - done)
                if view.is_float:
                    clipped += native.pcm_to_int16(
                        <const float *>view.first + done * channels, places[i], take * channels)
                else:
                    memcpy(places[i], <const int16_t *>view.first + done * channels,
                           take * channels * sizeof(int16_t))
                if channels != num_channels:
                    native.pcm_spread_int16(places[i], num_channels, take)
                memset(places[i] + take * num_channels, 0,
                       (samples_per_channel - take) * num_channels * sizeof(int16_t))
                done += take
    return frames, clipped


# --- names of contents -------------------------------------------------------------------------

DIGEST_KEY_SIZE = <int>native.DIGEST_KEY_SIZE


def digest(const uint8_t[::1] data not None, const uint8_t[::1] key not None):
    """Return a name for a content: 16 bytes that differ for other contents, made with a secret key.

    Args:
        data: The content.
        key: `DIGEST_KEY_SIZE` bytes that nobody outside the process knows.
    """
    cdef uint8_t name[native.DIGEST_SIZE]
    cdef size_t size = data.shape[0]
    if key.shape[0] != native.DIGEST_KEY_SIZE:
        raise ValueError(f"expected a key of {native.DIGEST_KEY_SIZE} bytes")
    cdef const uint8_t *first = &data[0] if size else NULL
    with nogil:
        native.c_digest(first, size, &key[0], name)
    return PyBytes_FromStringAndSize(<char *>name, native.DIGEST_SIZE)


# --- resample ----------------------------------------------------------------------------------

def simd_paths():
    """Return the names of the instruction sets that this build and this CPU have, the best last."""
    return [
        native.simd_name(<native.simd>path).decode()
        for path in range(native.SIMD_COUNT)
        if native.simd_usable(<native.simd>path)
    ]


@cython.final
@cython.auto_pickle(False)
cdef class Resampler:
    """The filter for a pair of rates, and how to apply it. Immutable.

    Args:
        in_rate: In Hz, positive.
        out_rate: In Hz, positive, at most `MAX_RATIO` times more or less.
        simd: One of `simd_paths()`; the best of them if empty.

    Raises:
        ValueError: The rates are out of bounds, or there is no such path.
    """

    cdef native.resampler *_handle

    def __cinit__(self, uint32_t in_rate, uint32_t out_rate, str simd=""):
        paths = simd_paths()
        if simd and simd not in paths:
            raise ValueError(f"expected one of {', '.join(paths)}, got {simd!r}")
        low, high = sorted((in_rate, out_rate))
        if low == 0 or high > MAX_RATIO * low:
            raise ValueError(f"expected positive rates at most a factor of {MAX_RATIO} apart")
        # A CPU has the first ones of the enumeration.
        cdef native.simd path = paths.index(simd) if simd else len(paths) - 1
        with nogil:
            self._handle = native.resampler_new(in_rate, out_rate, path)
        if self._handle == NULL:
            raise MemoryError

    def __dealloc__(self):
        native.resampler_free(self._handle)

    def length(self, size_t frames):
        """Return how many samples per channel `frames` samples per channel become."""
        cdef size_t length = native.resampler_length(self._handle, frames)
        if length == SIZE_MAX:
            raise OverflowError("more samples than memory can hold")
        return length

    def run_f32(self, const float[:, ::1] samples not None, float[:, ::1] out not None):
        """Resample float32 (frames, channels) into `out`, which has `length(frames)` rows."""
        cdef size_t frames = samples.shape[0], channels = samples.shape[1]
        cdef int status = 0
        self._check(frames, channels, out.shape[0], out.shape[1])
        if out.shape[0] and channels:
            with nogil:
                status = native.resample_f32(
                    self._handle, &samples[0, 0], frames, channels, &out[0, 0]
                )
        if status:
            raise MemoryError

    def run_s16(self, const int16_t[:, ::1] samples not None, int16_t[:, ::1] out not None):
        """Resample int16 (frames, channels) into `out`, which has `length(frames)` rows."""
        cdef size_t frames = samples.shape[0], channels = samples.shape[1]
        cdef int status = 0
        self._check(frames, channels, out.shape[0], out.shape[1])
        if out.shape[0] and channels:
            with nogil:
                status = native.resample_s16(
                    self._handle, &samples[0, 0], frames, channels, &out[0, 0]
                )
        if status:
            raise MemoryError

    cdef _check(self, size_t frames, size_t channels, size_t out_frames, size_t out_channels):
        if out_frames != self.length(frames) or out_channels != channels:
            raise ValueError("expected out of length(frames) rows and as many channels")


MAX_RATIO = native.RESAMPLE_MAX_RATIO
