/* Fuzzes the resampler: of whole sounds, and in pieces, which must give the same. Input: two rates
 * (32 bits each), channels and path and kind (8 bits), then samples. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resample.h"
#include "resample_stream.h"

enum { HEADER = 9, MAX_CHANNELS = 4 };
enum { MIN_RATE = 4000, MAX_RATE = 384000 }; /* what Clip lets through unless told otherwise */

static void *room_for(size_t count, size_t size) {
    void *room = malloc(count * size ? count * size : 1);
    if (!room) abort();
    return room;
}

/* Resample in pieces of growing length; abort if anything differs from `whole`. */
static void use_pieces(const struct resampler *rs, enum sample_type type, const void *in,
                       size_t frames, size_t channels, const void *whole) {
    const size_t frame_bytes = sample_size(type) * channels;
    struct resample_stream *stream = resample_stream_new(rs, type, channels);
    if (!stream) abort();
    const char *next = whole;
    for (size_t done = 0, piece = 1; done <= frames; piece = piece * 2 + 1) {
        size_t count = frames - done < piece ? frames - done : piece;
        if (done == frames) {
            resample_stream_end(stream);
            done++;
        }
        while (1) {
            const size_t taken =
                done > frames
                    ? 0
                    : resample_stream_push(stream, (const char *)in + done * frame_bytes, count);
            const void *out;
            for (size_t ready; (ready = resample_stream_pull(stream, &out));) {
                if (memcmp(out, next, ready * frame_bytes)) abort();
                next += ready * frame_bytes;
            }
            done += taken;
            count -= taken;
            if (!count) break;
        }
    }
    if (next != (const char *)whole + resampler_length(rs, frames) * frame_bytes) abort();
    resample_stream_free(stream);
}

static void use_float(const struct resampler *rs, const uint8_t *data, size_t frames,
                      size_t channels) {
    size_t out_count = resampler_length(rs, frames) * channels;
    float *in = room_for(frames * channels, sizeof *in);
    float *out = room_for(out_count, sizeof *out);
    memcpy(in, data, frames * channels * sizeof *in);
    for (size_t i = 0; i < frames * channels; i++) {
        if (!(fabsf(in[i]) <= 1e6f)) in[i] = 1.0f; /* decode lets through what is finite */
    }
    if (resample_f32(rs, in, frames, channels, out) != 0) abort();
    for (size_t i = 0; i < out_count; i++) {
        if (!isfinite(out[i])) abort(); /* also: every sample of the output is written */
    }
    use_pieces(rs, SAMPLE_F32, in, frames, channels, out);
    free(in);
    free(out);
}

static void use_int16(const struct resampler *rs, const uint8_t *data, size_t frames,
                      size_t channels) {
    int16_t *in = room_for(frames * channels, sizeof *in);
    int16_t *out = room_for(resampler_length(rs, frames) * channels, sizeof *out);
    memcpy(in, data, frames * channels * sizeof *in);
    if (resample_s16(rs, in, frames, channels, out) != 0) abort();
    use_pieces(rs, SAMPLE_S16, in, frames, channels, out);
    free(in);
    free(out);
}

static uint32_t rate_from(const uint8_t *data) {
    uint32_t rate;
    memcpy(&rate, data, sizeof rate);
    return MIN_RATE + rate % (MAX_RATE - MIN_RATE + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEADER) return 0;
    size_t channels = data[8] % MAX_CHANNELS + 1;
    enum simd simd = (enum simd)((data[8] >> 2) % SIMD_COUNT);
    bool is_float = data[8] & 0x80;
    if (!simd_usable(simd)) simd = SIMD_PORTABLE;
    struct resampler *rs = resampler_new(rate_from(data), rate_from(data + 4), simd);
    if (!rs) abort();
    size_t frames = (size - HEADER) / (channels * (is_float ? sizeof(float) : sizeof(int16_t)));
    (is_float ? use_float : use_int16)(rs, data + HEADER, frames, channels);
    resampler_free(rs);
    return 0;
}
