/* Changes the sample rate of interleaved sound; knows nothing of Python. */
#ifndef LASTWORD_RESAMPLE_H
#define LASTWORD_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Samples per channel that `frames` samples per channel become; SIZE_MAX if that does not fit. */
size_t lw_resample_length(size_t frames, uint32_t in_rate, uint32_t out_rate);

/* Resample `frames` x `channels` interleaved samples into `out`, which must have room for
 * lw_resample_length(...) x `channels`. Rates are positive. Output sample 0 lies at the time of
 * input sample 0: there is no delay; before and after the input lies silence.
 * Returns 0, or -1 if memory ran out. */
int lw_resample_f32(const float *in, size_t frames, size_t channels, uint32_t in_rate,
                    uint32_t out_rate, float *out);
int lw_resample_s16(const int16_t *in, size_t frames, size_t channels, uint32_t in_rate,
                    uint32_t out_rate, int16_t *out);

#endif
