/* pcm: decodes samples to float32, converts them to int16, and mixes channels.
 *
 * Works on the caller's buffers, allocates nothing, keeps no state and knows no Python.
 */
#ifndef LASTWORD_PCM_H
#define LASTWORD_PCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a sample is stored in a file; all of them little-endian. */
typedef enum {
    PCM_U8,
    PCM_S16,
    PCM_S24,
    PCM_S32,
    PCM_F32,
    PCM_F64,
    PCM_ALAW,  /* ITU-T G.711 */
    PCM_MULAW, /* ITU-T G.711 */
} pcm_encoding;

size_t pcm_sample_bytes(pcm_encoding encoding);

/* Decode `count` samples; integers are scaled to [-1, 1), floats are copied. */
void pcm_to_float(const uint8_t *in, pcm_encoding encoding, float *out, size_t count);

/* Return whether every sample is finite. */
bool pcm_all_finite(const float *in, size_t count);

/* x * 32768, half to even, saturated. Return how many samples were beyond full scale, |x| > 1. */
size_t pcm_to_int16(const float *in, int16_t *out, size_t count);

/* Write the mean of the channels for each of `frames` frames. */
void pcm_mix_f32(const float *in, size_t channels, float *out, size_t frames);
void pcm_mix_s16(const int16_t *in, size_t channels, float *out, size_t frames);

/* Copy each of the first `frames` samples of `buffer` into `channels` channels, in place. */
void pcm_spread_int16(int16_t *buffer, size_t channels, size_t frames);

#endif
