# Declares the C functions that _native.pyx calls; the headers say what each does.
# (A file named _native.pxd would be taken for the module's own declarations.)
from libc.stdint cimport int16_t, uint8_t, uint32_t, uint64_t

cdef extern from "digest.h" nogil:
    enum:
        DIGEST_KEY_SIZE
        DIGEST_SIZE

    void c_digest "digest" (const uint8_t *data, size_t size, const uint8_t *key, uint8_t *name)

cdef extern from "pcm.h" nogil:
    ctypedef enum pcm_encoding:
        PCM_U8
        PCM_S16
        PCM_MULAW

    bint pcm_all_finite(const float *samples, size_t count)
    void pcm_to_float(const uint8_t *data, pcm_encoding encoding, float *out, size_t count)
    size_t pcm_sample_bytes(pcm_encoding encoding)

cdef extern from "riff.h" nogil:
    ctypedef enum riff_status:
        RIFF_OK
        RIFF_NOT_WAV
        RIFF_OTHER_CODEC
        RIFF_NO_FORMAT
        RIFF_NO_DATA
        RIFF_BAD_FORMAT

    ctypedef struct riff_wav:
        pcm_encoding encoding
        uint32_t num_channels
        uint32_t sample_rate
        uint64_t num_frames
        size_t format_offset
        size_t format_bytes
        size_t data_offset
        size_t data_bytes
        uint64_t missing_bytes
        size_t end

    riff_status riff_parse(const uint8_t *data, size_t size, riff_wav *wav)

cdef extern from "cpu.h" nogil:
    cdef enum simd:
        SIMD_COUNT

    const char *simd_name(simd path)
    bint simd_usable(simd path)

cdef extern from "resample.h" nogil:
    cdef enum:
        RESAMPLE_MAX_RATIO

    cdef struct resampler:
        pass

    resampler *resampler_new(uint32_t in_rate, uint32_t out_rate, simd path)
    void resampler_free(resampler *rs)
    size_t resampler_length(const resampler *rs, size_t frames)
    int resample_f32(
        const resampler *rs, const float *samples, size_t frames, size_t channels, float *out
    )
    int resample_s16(
        const resampler *rs, const int16_t *samples, size_t frames, size_t channels, int16_t *out
    )

cdef extern from "resample_kernel.h" nogil:
    cdef enum sample_type:
        SAMPLE_F32
        SAMPLE_S16

cdef extern from "framer.h" nogil:
    cdef struct framer:
        pass

    cdef struct c_framer_state "framer_state":
        size_t frames
        size_t length
        size_t clipped
        bint finite
        bint silent

    framer *framer_new(
        const resampler *rs, sample_type type, size_t in_channels, size_t channels,
        size_t samples_per_channel,
    )
    void framer_free(framer *framer)
    size_t framer_count(const framer *framer, size_t more)
    void framer_push(framer *framer, const void *samples, size_t count, int16_t **places)
    void framer_end(framer *framer, int16_t **places)
    const c_framer_state *framer_state(const framer *framer)
