/* Fuzzes the way of a WAV: parse, decode, mix, to int16, spread, name. Input: the file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "pcm.h"
#include "riff.h"

static void expect(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "broken promise: %s\n", what);
    abort();
}

static void *room_for(size_t count, size_t size) {
    void *room = malloc(count * size ? count * size : 1);
    expect(room != NULL, "memory for the test");
    return room;
}

static void use_samples(const uint8_t *data, const riff_wav *wav) {
    size_t frames = (size_t)wav->num_frames, channels = wav->num_channels;
    size_t count = frames * channels;
    float *samples = room_for(count, sizeof *samples);
    float *mono = room_for(frames, sizeof *mono);
    int16_t *steps = room_for(count, sizeof *steps);
    memset(steps, 0, count * sizeof *steps);
    pcm_to_float(data + wav->data_offset, wav->encoding, samples, count);
    if (wav->encoding != PCM_F32 && wav->encoding != PCM_F64) {
        expect(pcm_all_finite(samples, count), "integers decode to finite samples");
        expect(pcm_to_int16(samples, steps, count) == 0, "integers decode within full scale");
    }
    if (pcm_all_finite(samples, count)) {
        expect(pcm_to_int16(samples, steps, count) <= count, "no more clipped than there are");
    }
    pcm_mix_f32(samples, channels, mono, frames);
    pcm_mix_s16(steps, channels, mono, frames);
    pcm_to_int16(mono, steps, frames);
    pcm_spread_int16(steps, channels, frames);
    free(samples);
    free(mono);
    free(steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t key[DIGEST_KEY_SIZE] = {1, 2, 3};
    uint8_t name[DIGEST_SIZE];
    digest(data, size, key, name);
    riff_wav wav;
    riff_status status = riff_parse(data, size, &wav);
    if (status != RIFF_OK && status != RIFF_OTHER_CODEC) return 0;
    expect(wav.end <= size && wav.end >= 12, "a WAV ends in the file");
    expect(wav.format_offset <= wav.end, "its format begins inside it");
    expect(wav.format_bytes <= wav.end - wav.format_offset, "and ends inside it");
    expect(wav.data_offset <= wav.end, "its samples begin inside it");
    expect(wav.data_bytes <= wav.end - wav.data_offset, "and end inside it");
    if (status == RIFF_OTHER_CODEC) return 0;
    expect(wav.num_channels > 0 && wav.sample_rate > 0, "a WAV has channels and a rate");
    size_t frame_bytes = pcm_sample_bytes(wav.encoding) * wav.num_channels;
    expect(wav.num_frames == wav.data_bytes / frame_bytes, "whole frames of samples");
    use_samples(data, &wav);
    return 0;
}
