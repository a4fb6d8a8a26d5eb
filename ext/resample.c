/* Resamples whole sounds: one channel after the other. */
#include "resample.h"

#include <stdlib.h>

#include "resample_part.h"

struct resampler *resampler_new(uint32_t in_rate, uint32_t out_rate, enum simd simd) {
#ifdef __x86_64__
    static const struct kernel *const kernels[SIMD_COUNT] = {&kernel_portable, &kernel_avx2,
                                                             &kernel_avx512};
#else
    static const struct kernel *const kernels[SIMD_COUNT] = {&kernel_portable};
#endif
    struct resampler *rs = malloc(sizeof *rs);
    if (rs && plan_init(rs, in_rate, out_rate, kernels[simd])) {
        resampler_free(rs);
        return NULL;
    }
    return rs;
}

void resampler_free(struct resampler *rs) {
    if (!rs) return;
    plan_free(rs);
    free(rs);
}

size_t resampler_length(const struct resampler *rs, size_t frames) {
    unsigned __int128 n = (unsigned __int128)frames * 2 * rs->up + rs->down;
    n /= 2 * (unsigned __int128)rs->down;
    return n > PTRDIFF_MAX ? SIZE_MAX : (size_t)n;
}

/* --- channels --- */

static int resample_interleaved(const struct resampler *rs, enum sample_type type, const char *in,
                                size_t frames, size_t channels, char *out,
                                const struct workspace *work) {
    const size_t size = sample_size(type), length = resampler_length(rs, frames);
    char *memory = alloc_vectors(frames + length, size);
    if (!memory) return -1;
    const struct sound source = {type, memory, 0, frames, true};
    const struct sound result = {type, memory + frames * size, 0, length, true};
    for (size_t c = 0; c < channels; c++) {
        take_channel(type, in + c * size, channels, source.samples, 1, frames);
        resample_part(rs, &source, &result, work);
        take_channel(type, result.samples, 1, out + c * size, channels, length);
    }
    free(memory);
    return 0;
}

static int resample(const struct resampler *rs, enum sample_type type, const void *in,
                    size_t frames, size_t channels, void *out) {
    struct workspace work;
    if (!frames || !channels) return 0;
    int status = workspace_init(&work, rs);
    if (!status && channels == 1) {
        const struct sound source = {type, (void *)in, 0, frames, true};
        const struct sound result = {type, out, 0, resampler_length(rs, frames), true};
        resample_part(rs, &source, &result, &work);
    } else if (!status) {
        status = resample_interleaved(rs, type, in, frames, channels, out, &work);
    }
    workspace_free(&work);
    return status;
}

int resample_f32(const struct resampler *rs, const float *in, size_t frames, size_t channels,
                 float *out) {
    return resample(rs, SAMPLE_F32, in, frames, channels, out);
}

int resample_s16(const struct resampler *rs, const int16_t *in, size_t frames, size_t channels,
                 int16_t *out) {
    return resample(rs, SAMPLE_S16, in, frames, channels, out);
}
