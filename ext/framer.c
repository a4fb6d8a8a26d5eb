/* Passes samples from step to step in portions that stay in the cache. */
#include "framer.h"

#include <stdlib.h>
#include <string.h>

#include "pcm.h"
#include "resample.h"

enum { PORTION = 4096 }; /* input frames */

struct framer {
    const struct resampler *rs;
    struct resample_stream *stream; /* NULL if the rate stays */
    enum sample_type in_type, type; /* the sound's, and that of the later steps */
    size_t in_channels, channels, out_channels, samples_per_channel;
    float *mixed;  /* a portion of one channel, or NULL if channels are not mixed */
    size_t given;  /* input frames so far */
    size_t filled; /* samples per channel in the frame that is being written */
    struct framer_state state;
};

struct framer *framer_new(const struct resampler *rs, enum sample_type type, size_t in_channels,
                          size_t channels, size_t samples_per_channel) {
    struct framer *framer = calloc(1, sizeof *framer);
    if (!framer) return NULL;
    const bool is_mixed = in_channels != 1 && in_channels != channels;
    framer->rs = rs;
    framer->in_type = type;
    framer->type = is_mixed ? SAMPLE_F32 : type;
    framer->in_channels = in_channels;
    framer->channels = is_mixed ? 1 : in_channels;
    framer->out_channels = channels;
    framer->samples_per_channel = samples_per_channel;
    framer->state.finite = framer->state.silent = true;
    if (is_mixed) framer->mixed = alloc_vectors(PORTION, sizeof(float));
    if (rs) framer->stream = resample_stream_new(rs, framer->type, framer->channels);
    if ((is_mixed && !framer->mixed) || (rs && !framer->stream)) {
        framer_free(framer);
        return NULL;
    }
    return framer;
}

void framer_free(struct framer *framer) {
    if (!framer) return;
    resample_stream_free(framer->stream);
    free(framer->mixed);
    free(framer);
}

const struct framer_state *framer_state(const struct framer *framer) {
    return &framer->state;
}

size_t framer_count(const struct framer *framer, size_t more) {
    if (more > PTRDIFF_MAX - framer->given) return SIZE_MAX;
    size_t length = framer->given + more;
    if (framer->rs) length = resampler_length(framer->rs, length);
    if (length == SIZE_MAX) return SIZE_MAX;
    return length / framer->samples_per_channel + (length % framer->samples_per_channel != 0);
}

/* --- steps --- */

/* Look at samples of the input; return whether all are finite. */
static bool inspect(struct framer *framer, const void *in, size_t count) {
    struct framer_state *state = &framer->state;
    if (framer->in_type == SAMPLE_F32 && !pcm_all_finite(in, count)) state->finite = false;
    for (size_t i = 0; state->silent && i < count; i++)
        state->silent = framer->in_type == SAMPLE_F32 ? ((const float *)in)[i] == 0
                                                      : ((const int16_t *)in)[i] == 0;
    return state->finite;
}

/* Write samples of the output's rate into the frames. */
static void write_frames(struct framer *framer, const void *samples, size_t count,
                         int16_t *const **places) {
    const size_t channels = framer->channels, length = framer->samples_per_channel;
    for (size_t done = 0; done < count;) {
        const size_t left = length - framer->filled;
        const size_t take = count - done < left ? count - done : left;
        int16_t *to = **places + framer->filled * framer->out_channels;
        if (framer->type == SAMPLE_F32)
            framer->state.clipped +=
                pcm_to_int16((const float *)samples + done * channels, to, take * channels);
        else
            memcpy(to, (const int16_t *)samples + done * channels,
                   take * channels * sizeof(int16_t));
        if (channels != framer->out_channels) pcm_spread_int16(to, framer->out_channels, take);
        done += take;
        framer->filled += take;
        if (framer->filled == length) {
            framer->filled = 0;
            framer->state.frames++;
            ++*places;
        }
    }
    framer->state.length += count;
}

static void write_resampled(struct framer *framer, int16_t *const **places) {
    const void *out;
    for (size_t ready; (ready = resample_stream_pull(framer->stream, &out));)
        write_frames(framer, out, ready, places);
}

void framer_push(struct framer *framer, const void *in, size_t count, int16_t *const *places) {
    const size_t in_size = sample_size(framer->in_type) * framer->in_channels;
    const size_t size = sample_size(framer->type) * framer->channels;
    for (size_t done = 0; done < count;) {
        const size_t portion = count - done < PORTION ? count - done : PORTION;
        const char *samples = (const char *)in + done * in_size;
        if (!inspect(framer, samples, portion * framer->in_channels)) return;
        if (framer->mixed) {
            if (framer->in_type == SAMPLE_F32)
                pcm_mix_f32((const float *)samples, framer->in_channels, framer->mixed, portion);
            else
                pcm_mix_s16((const int16_t *)samples, framer->in_channels, framer->mixed, portion);
            samples = (const char *)framer->mixed;
        }
        if (!framer->stream) write_frames(framer, samples, portion, &places);
        for (size_t taken = 0; framer->stream && taken < portion;) {
            taken += resample_stream_push(framer->stream, samples + taken * size, portion - taken);
            write_resampled(framer, &places);
        }
        framer->given += portion;
        done += portion;
    }
}

void framer_end(struct framer *framer, int16_t *const *places) {
    if (framer->stream && framer->state.finite) {
        resample_stream_end(framer->stream);
        write_resampled(framer, &places);
    }
    if (framer->filled == 0) return;
    const size_t left = framer->samples_per_channel - framer->filled;
    memset(*places + framer->filled * framer->out_channels, 0,
           left * framer->out_channels * sizeof(int16_t));
    framer->filled = 0;
    framer->state.frames++;
}
