/* Changes the sample rate of interleaved sound; knows no Python. */
#ifndef LASTWORD_RESAMPLE_H
#define LASTWORD_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"

/* Rates may differ by this factor: beyond it the filter outgrows every sensible transform, and no
 * two rates of sound (4 to 384 kHz) are so far apart. */
enum { RESAMPLE_MAX_RATIO = 256 };

/* The filter for a pair of rates, and how to apply it; immutable, so threads may share one. */
struct resampler;

/* Rates must be positive and at most RESAMPLE_MAX_RATIO apart, `simd` usable. Return NULL if memory
 * ran out. */
struct resampler *resampler_new(uint32_t in_rate, uint32_t out_rate, enum simd simd);
void resampler_free(struct resampler *rs);

/* Return how many samples per channel `frames` samples become; SIZE_MAX if that does not fit. */
size_t resampler_length(const struct resampler *rs, size_t frames);

/* Resample `frames` x `channels` interleaved samples into `out`, which has room for
 * resampler_length(...) x `channels`. Output sample 0 lies at the time of input sample 0; before
 * and after the input there is silence. Return 0, or -1 if memory ran out. */
int resample_f32(const struct resampler *rs, const float *in, size_t frames, size_t channels,
                 float *out);
int resample_s16(const struct resampler *rs, const int16_t *in, size_t frames, size_t channels,
                 int16_t *out);

#endif
