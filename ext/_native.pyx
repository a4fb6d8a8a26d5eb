# cython: autotestdict=False
"""Gives Python the sound functions that are written in C: WAV, samples, frames, resampling.

The caller allocates arrays; all long work runs without the GIL.
"""
from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdint cimport SIZE_MAX, int16_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cimport cython

cimport native

cdef enum:
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


# --- files -------------------------------------------------------------------------------------

@cython.final
@cython.auto_pickle(False)
cdef class CountedFile:
    """Bytes as a file that ends after too many reads and seeks, as a decoder may go in circles.

    An MP3 is read in some hundred pieces: a file in Python would cost a tenth of its decoding.

    Args:
        data: The bytes.
        accesses: How many reads and seeks are allowed.
    """

    cdef const uint8_t[::1] _data
    cdef size_t _size, _at
    cdef long long _left

    def __cinit__(self, const uint8_t[::1] data not None, long long accesses):
        self._data = data
        self._size = data.shape[0]
        self._left = accesses

    @property
    def is_exhausted(self):
        """Whether there were too many reads and seeks."""
        return self._left < 0

    cdef size_t _take(self, size_t wanted):
        """Return how many bytes of the next `wanted` there are."""
        self._left -= self._left >= 0
        if self._left < 0 or self._at >= self._size:
            return 0
        return min(wanted, self._size - self._at)

    def read(self, Py_ssize_t size=-1):
        """Return the next `size` bytes, or all that are left if it is negative."""
        cdef size_t take = self._take(self._size if size < 0 else <size_t>size)
        cdef size_t start = self._at
        if take == 0:
            return b""
        self._at += take
        return PyBytes_FromStringAndSize(<const char *>&self._data[start], take)

    def readinto(self, buffer):
        """Fill a buffer with the next bytes; return how many there were."""
        cdef Py_buffer view
        cdef size_t take
        PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
        take = self._take(view.len)
        if take:
            memcpy(view.buf, &self._data[self._at], take)
            self._at += take
        PyBuffer_Release(&view)
        return take

    def seek(self, long long offset, int whence=0):
        """Move to an offset from the start (0), from here (1) or from the end (2).

        What lies before the start is not gone to, since libsndfile seeks there in damaged files.
        """
        cdef long long origin = 0
        self._left -= self._left >= 0
        if self._left < 0:
            self._at = self._size
            return self._at
        if whence:
            origin = <long long>(self._at if whence == 1 else self._size)
        if -origin <= offset <= 2**62 - origin:
            self._at = origin + offset
        return self._at

    def tell(self):
        """Return the present offset."""
        return self._at

    def seekable(self):
        """Return that it can be moved in."""
        return True


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


# --- frames ------------------------------------------------------------------------------------

@cython.final
@cython.auto_pickle(False)
cdef class Framer:
    """Makes frames of int16 of a sound that comes piece by piece. For one thread at a time.

    Args:
        in_channels: Of the sound.
        is_float: Whether its samples are float32 instead of int16.
        resampler: From its rate to that of the frames; `None` if they are the same.
        num_channels: Of the frames. With fewer than the sound has, each is the mean of the
            sound's channels; one channel is copied into all.
        samples_per_channel: Length of one frame.

    Raises:
        ValueError: There are no channels or more than 1024, or a frame has no samples or more than
            2^24 in all channels.
    """

    cdef native.framer *_framer
    cdef Resampler _resampler
    cdef list _frames
    cdef size_t _in_channels, _frame_bytes
    cdef bint _is_float, _in_use, _ended

    def __cinit__(self, size_t in_channels, bint is_float, Resampler resampler,
                  size_t num_channels, size_t samples_per_channel):
        if not (0 < in_channels <= CHANNELS and 0 < num_channels <= CHANNELS):
            raise ValueError(
                f"expected 1 to {CHANNELS} channels, got {in_channels}, {num_channels}"
            )
        if not 0 < samples_per_channel <= FRAME_SAMPLES // num_channels:
            raise ValueError(f"expected 1 to {FRAME_SAMPLES} samples in all of a frame")
        self._resampler = resampler
        self._in_channels = in_channels
        self._is_float = is_float
        self._frame_bytes = num_channels * samples_per_channel * sizeof(int16_t)
        self._frames = []
        cdef const native.resampler *handle = NULL if resampler is None else resampler._handle
        self._framer = native.framer_new(
            handle, native.SAMPLE_F32 if is_float else native.SAMPLE_S16, in_channels,
            num_channels, samples_per_channel)
        if self._framer == NULL:
            raise MemoryError

    def __dealloc__(self):
        native.framer_free(self._framer)

    @property
    def finite(self):
        """Whether there was neither NaN nor infinity so far; what came after one is left out."""
        return bool(native.framer_state(self._framer).finite)

    @property
    def silent(self):
        """Whether every sample so far was zero."""
        return bool(native.framer_state(self._framer).silent)

    def push(self, samples not None):
        """Take the next samples, (frames, in_channels) of the type that was announced."""
        cdef Samples view = Samples(samples)
        if view.is_float != self._is_float or view.channels != self._in_channels:
            raise ValueError("expected samples of the type and the channels that were announced")
        if view.frames:
            self._run(view.first, view.frames, False)

    def end(self):
        """Return all frames, after the last sample.

        Returns:
            `(frames, length, clipped)`: one exact-length `bytes` per frame, the last padded with
            silence; samples per channel without that; how many samples were beyond full scale.
        """
        self._run(NULL, 0, True)
        cdef const native.c_framer_state *state = native.framer_state(self._framer)
        frames, self._frames = self._frames, []
        return frames[:state.frames], state.length, state.clipped

    cdef _run(self, const void *first, size_t count, bint is_end):
        if self._in_use or self._ended:
            raise ValueError("expected one thread at a time, and nothing after the end")
        cdef size_t written = native.framer_state(self._framer).frames
        cdef size_t needed = native.framer_count(self._framer, count), i
        if needed > SIZE_MAX // sizeof(int16_t *):
            raise MemoryError
        while <size_t>len(self._frames) < needed:
            self._frames.append(PyBytes_FromStringAndSize(NULL, self._frame_bytes))
        cdef int16_t **places = <int16_t **>malloc((needed - written + 1) * sizeof(int16_t *))
        if places == NULL:
            raise MemoryError
        # Nobody else has these objects yet, so their bytes may still be written.
        for i in range(written, needed):
            places[i - written] = <int16_t *>PyBytes_AsString(self._frames[i])
        self._in_use, self._ended = True, is_end
        with nogil:
            if is_end:
                native.framer_end(self._framer, places)
            else:
                native.framer_push(self._framer, first, count, places)
            free(places)
        self._in_use = False
