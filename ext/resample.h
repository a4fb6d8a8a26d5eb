/* Changes the sample rate of interleaved sound; knows nothing of Python. */
#ifndef LASTWORD_RESAMPLE_H
#define LASTWORD_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"

/* Rates may differ by this factor: beyond it the filter outgrows every sensible transform, and no
 * two rates of sound (4 to 384 kHz) are so far apart. */
enum { RESAMPLE_MAX_RATIO = 256 };

/* All that is known of a pair of rates; immutable, any number of threads may share one. */
struct resampler;

/* Rates are positive and at most RESAMPLE_MAX_RATIO apart, `simd` is usable. NULL if memory ran
 * out. */
struct resampler *resampler_new(uint32_t in_rate, uint32_t out_rate, enum simd simd);
void resampler_free(struct resampler *rs);

/* Samples per channel that `frames` samples per channel become; SIZE_MAX if that does not fit. */
size_t resampler_length(const struct resampler *rs, size_t frames);

/* Resample `frames` x `channels` interleaved samples into `out`, which has room for
 * resampler_length(...) x `channels`. Output sample 0 lies at the time of input sample 0; before
 * and after the input lies silence. Returns 0, or -1 if memory ran out. */
int resample_f32(const struct resampler *rs, const float *in, size_t frames, size_t channels,
                 float *out);
int resample_s16(const struct resampler *rs, const int16_t *in, size_t frames, size_t channels,
                 int16_t *out);

#endif
