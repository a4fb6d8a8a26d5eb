/* Fuzzes the resampler. Input: two rates (32 bits each), channels, path and kind (8 bits),
 * samples. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resample.h"

enum { HEADER = 9, MAX_CHANNELS = 4 };
enum { MIN_RATE = 4000, MAX_RATE = 384000 }; /* what Clip lets through unless told otherwise */

static void *room_for(size_t count, size_t size) {
    void *room = malloc(count * size ? count * size : 1);
    if (!room) abort();
    return room;
}

static void use_float(const struct resampler *rs, const uint8_t *data, size_t frames,
                      size_t channels) {
    size_t out_frames = resampler_length(rs, frames);
    float *in = room_for(frames * channels, sizeof *in);
    float *out = room_for(out_frames * channels, sizeof *out);
    memcpy(in, data, frames * channels * sizeof *in);
    for (size_t i = 0; i < frames * channels; i++) {
        if (!(fabsf(in[i]) <= 1e6f)) in[i] = 1.0f; /* decode lets through what is finite */
    }
    if (resample_f32(rs, in, frames, channels, out) == 0) {
        for (size_t i = 0; i < out_frames * channels; i++) {
            if (!isfinite(out[i])) abort();
        }
    }
    free(in);
    free(out);
}

static void use_int16(const struct resampler *rs, const uint8_t *data, size_t frames,
                      size_t channels) {
    size_t out_frames = resampler_length(rs, frames);
    int16_t *in = room_for(frames * channels, sizeof *in);
    int16_t *out = room_for(out_frames * channels, sizeof *out);
    memcpy(in, data, frames * channels * sizeof *in);
    resample_s16(rs, in, frames, channels, out);
    free(in);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEADER) return 0;
    uint32_t in_rate, out_rate;
    memcpy(&in_rate, data, sizeof in_rate);
    memcpy(&out_rate, data + 4, sizeof out_rate);
    in_rate = MIN_RATE + in_rate % (MAX_RATE - MIN_RATE + 1);
    out_rate = MIN_RATE + out_rate % (MAX_RATE - MIN_RATE + 1);
    size_t channels = data[8] % MAX_CHANNELS + 1;
    bool is_float = data[8] & 0x80;
    size_t frames = (size - HEADER) / (channels * (is_float ? sizeof(float) : sizeof(int16_t)));
    enum simd path = (data[8] >> 4 & 7) % SIMD_COUNT;
    struct resampler *rs =
        resampler_new(in_rate, out_rate, simd_usable(path) ? path : SIMD_PORTABLE);
    if (!rs) return 0;
    (is_float ? use_float : use_int16)(rs, data + HEADER, frames, channels);
    resampler_free(rs);
    return 0;
}
