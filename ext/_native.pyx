# cython: freethreading_compatible=True
"""The compiled heart of the sound."""

from libc.stddef cimport size_t
from libc.stdint cimport SIZE_MAX, int16_t, uint32_t

# --- resample ----------------------------------------------------------------------------------

cdef extern from "resample.h" nogil:
    size_t lw_resample_length(size_t frames, uint32_t in_rate, uint32_t out_rate)
    int lw_resample_f32(const float *samples, size_t frames, size_t channels, uint32_t in_rate,
                        uint32_t out_rate, float *out)
    int lw_resample_s16(const int16_t *samples, size_t frames, size_t channels, uint32_t in_rate,
                        uint32_t out_rate, int16_t *out)


def resample_length(size_t frames, uint32_t in_rate, uint32_t out_rate):
    """Samples per channel that `frames` samples per channel become at another rate."""
    if not in_rate or not out_rate:
        raise ValueError("rates must be positive")
    cdef size_t length = lw_resample_length(frames, in_rate, out_rate)
    if length == SIZE_MAX:
        raise OverflowError("more samples than memory can hold")
    return length


def resample_f32(const float[:, ::1] samples, float[:, ::1] out, uint32_t in_rate,
                 uint32_t out_rate):
    """Resample (samples, channels) float32 into `out`, which has `resample_length` rows."""
    _check_shapes(samples.shape[0], samples.shape[1], out.shape[0], out.shape[1], in_rate, out_rate)
    cdef int status = 0
    if out.shape[0] and out.shape[1]:
        with nogil:
            status = lw_resample_f32(&samples[0, 0], samples.shape[0], samples.shape[1], in_rate,
                                     out_rate, &out[0, 0])
    if status:
        raise MemoryError


def resample_s16(const int16_t[:, ::1] samples, int16_t[:, ::1] out, uint32_t in_rate,
                 uint32_t out_rate):
    """Resample (samples, channels) int16 into `out`, which has `resample_length` rows."""
    _check_shapes(samples.shape[0], samples.shape[1], out.shape[0], out.shape[1], in_rate, out_rate)
    cdef int status = 0
    if out.shape[0] and out.shape[1]:
        with nogil:
            status = lw_resample_s16(&samples[0, 0], samples.shape[0], samples.shape[1], in_rate,
                                     out_rate, &out[0, 0])
    if status:
        raise MemoryError


cdef _check_shapes(size_t frames, size_t channels, size_t out_frames, size_t out_channels,
                   uint32_t in_rate, uint32_t out_rate):
    if out_frames != resample_length(frames, in_rate, out_rate) or out_channels != channels:
        raise ValueError("out must have resample_length(...) rows and as many channels as samples")
