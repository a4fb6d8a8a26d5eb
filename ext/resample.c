/* Passes blocks to the kernel: channels, ends of the sound, awkward ratios, silence. */
#include "resample.h"

#include <stdlib.h>
#include <string.h>

#include "resample_plan.h"

/* How many samples are held at a time between the two stages: they stay in the L2 cache. */
enum { BETWEEN_SAMPLES = 32768 };

/* One channel of a sound: contiguous samples of one type. */
struct sound {
    enum sample_type type;
    void *samples;
    size_t count;
};

static size_t sample_size(enum sample_type type) {
    return type == SAMPLE_F32 ? sizeof(float) : sizeof(int16_t);
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* --- plans --- */

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

/* --- blocks --- */

/* Memory of one run: the kernel's, and a block of zeros and samples per half of a pair. */
struct workspace {
    float *kernel;
    char *in[2], *out[2];
};

static int workspace_init(struct workspace *work, const struct resampler *rs) {
    const size_t in_bytes = sizeof(float) * (size_t)rs->blocks.in.size;
    const size_t out_bytes = sizeof(float) * (size_t)rs->blocks.out.size;
    const size_t kernel_bytes = sizeof(float) * rs->kernel->scratch(&rs->blocks);
    char *memory = alloc_vectors(kernel_bytes + 2 * in_bytes + 2 * out_bytes, 1);
    work->kernel = (float *)memory;
    if (!memory) return -1;
    memset(memory, 0, kernel_bytes); /* unused bins are read too, though times 0 */
    for (int half = 0; half < 2; half++) {
        work->in[half] = memory + kernel_bytes + (size_t)half * in_bytes;
        work->out[half] = memory + kernel_bytes + 2 * in_bytes + (size_t)half * out_bytes;
    }
    return 0;
}

/* The block of inputs from `first` on, which may lie beyond either end of the sound. */
static const void *fetch_block(const struct sound *in, ptrdiff_t first, size_t length, char *room) {
    const size_t size = sample_size(in->type);
    const char *samples = in->samples;
    if (first >= 0 && (size_t)first <= in->count && length <= in->count - (size_t)first)
        return samples + (size_t)first * size;
    memset(room, 0, length * size);
    const size_t before = first < 0 ? smaller((size_t)-first, length) : 0;
    const size_t from = first < 0 ? 0 : (size_t)first;
    if (from < in->count)
        memcpy(room + before * size, samples + from * size,
               smaller(length - before, in->count - from) * size);
    return room;
}

/* Copy what of the results `first` .. `first` + `length` - 1 lies inside `out`. */
static void keep_block(const struct sound *out, ptrdiff_t first, size_t length, const char *room) {
    const size_t size = sample_size(out->type);
    const size_t before = first < 0 ? smaller((size_t)-first, length) : 0;
    const size_t from = first < 0 ? 0 : (size_t)first;
    if (from < out->count)
        memcpy((char *)out->samples + from * size, room + before * size,
               smaller(length - before, out->count - from) * size);
}

/* Floor of a / b for positive b. */
static ptrdiff_t divide_down(ptrdiff_t a, ptrdiff_t b) {
    return a / b - (a % b < 0);
}

/* The blocks' outputs from `first` on, which may be negative, into `out`. */
static void filter(const struct resampler *rs, const struct sound *in, ptrdiff_t first,
                   const struct sound *out, const struct workspace *work) {
    const struct blocks *blocks = &rs->blocks;
    const size_t hop = (size_t)blocks->out_hop;
    ptrdiff_t block = divide_down(first - blocks->out_origin, blocks->out_hop);
    for (;; block += 2) {
        const void *from[2];
        void *to[2];
        ptrdiff_t at[2];
        for (int half = 0; half < 2; half++) {
            at[half] = (block + half) * blocks->out_hop + blocks->out_origin - first;
            const int inside = at[half] >= 0 && (size_t)at[half] <= out->count &&
                               hop <= out->count - (size_t)at[half];
            to[half] = inside ? (char *)out->samples + (size_t)at[half] * sample_size(out->type)
                              : work->out[half];
            from[half] = fetch_block(in, (block + half) * blocks->in_hop - blocks->in_lead,
                                     (size_t)blocks->in.size, work->in[half]);
        }
        if (at[0] >= (ptrdiff_t)out->count) return;
        rs->kernel->filter_pair(blocks, in->type, from, out->type, to, work->kernel);
        for (int half = 0; half < 2; half++)
            if (to[half] == work->out[half]) keep_block(out, at[half], hop, work->out[half]);
    }
}

/* Awkward ratios: by blocks to the rate in between, then by interpolation, piece by piece. */
static int filter_and_interpolate(const struct resampler *rs, const struct sound *in,
                                  const struct sound *out, const struct workspace *work) {
    /* Output j lies at j * step / unit samples of the rate in between. */
    const unsigned __int128 step = (unsigned __int128)rs->down * rs->block_up;
    const uint64_t unit = (uint64_t)rs->up * rs->block_down;
    const size_t piece = (size_t)((unsigned __int128)(BETWEEN_SAMPLES - 2 * TAPS) * unit / step);
    float *samples = alloc_vectors(BETWEEN_SAMPLES, sizeof(float));
    if (!samples) return -1;
    for (size_t done = 0; done < out->count; done += piece) {
        const size_t count = smaller(piece, out->count - done);
        const unsigned __int128 at = step * done;
        const struct place place = {0, (uint64_t)(at % unit), (uint64_t)(step / unit),
                                    (uint64_t)(step % unit), unit};
        const size_t needed = (size_t)((place.rest + step * (count - 1)) / unit) + TAPS;
        const struct sound between = {SAMPLE_F32, samples, needed};
        filter(rs, in, (ptrdiff_t)(at / unit) - (TAPS / 2 - 1), &between, work);
        rs->kernel->interpolate(rs->bank, samples, place, count, out->type,
                                (char *)out->samples + done * sample_size(out->type));
    }
    free(samples);
    return 0;
}

/* --- silence --- */

static int is_zero(const struct sound *sound, size_t i) {
    return sound->type == SAMPLE_F32 ? ((const float *)sound->samples)[i] == 0
                                     : ((const int16_t *)sound->samples)[i] == 0;
}

/* Zero the outputs that depend only on inputs from .. to - 1, or on what is beyond the ends. */
static void silence(const struct resampler *rs, const struct sound *in, size_t from, size_t to,
                    const struct sound *out) {
    if (to < in->count && to <= rs->reach) return;
    const size_t first_input = from ? from + rs->reach : 0;
    const size_t end_input = to < in->count ? to - rs->reach : to;
    const size_t first =
        (size_t)(((unsigned __int128)first_input * rs->up + rs->down - 1) / rs->down);
    const size_t end = to < in->count
                           ? (size_t)(((unsigned __int128)(end_input - 1) * rs->up) / rs->down) + 1
                           : out->count;
    if (first < end)
        memset((char *)out->samples + first * sample_size(out->type), 0,
               (end - first) * sample_size(out->type));
}

/* Outputs that depend only on zeros become exact zeros: rounding in the transform spreads about
 * -140 dB of a block over all of it and over the other block of its pair. A run of zeros that
 * silences anything holds at least `reach` of them, so that one look in `reach` finds them all. */
static void restore_silence(const struct resampler *rs, const struct sound *in,
                            const struct sound *out) {
    const size_t n = in->count;
    for (size_t probe = 0; probe < n;) {
        size_t from = probe, to = probe;
        if (is_zero(in, probe)) {
            while (from > 0 && is_zero(in, from - 1)) from--;
            while (to < n && is_zero(in, to)) to++;
            silence(rs, in, from, to, out);
        }
        if (to >= n || probe == n - 1) break;
        probe = smaller((to > probe ? to - 1 : probe) + rs->reach, n - 1);
    }
}

/* --- channels --- */

static int resample_channel(const struct resampler *rs, const struct sound *in,
                            const struct sound *out, const struct workspace *work) {
    if (rs->bank) {
        if (filter_and_interpolate(rs, in, out, work)) return -1;
    } else {
        filter(rs, in, 0, out, work);
    }
    restore_silence(rs, in, out);
    return 0;
}

/* Channel `channel` of `channels` from `from` to the contiguous `to`, or back. */
static void take_channel(enum sample_type type, const void *from, size_t from_step, void *to,
                         size_t to_step, size_t count) {
    if (type == SAMPLE_F32)
        for (size_t i = 0; i < count; i++)
            ((float *)to)[i * to_step] = ((const float *)from)[i * from_step];
    else
        for (size_t i = 0; i < count; i++)
            ((int16_t *)to)[i * to_step] = ((const int16_t *)from)[i * from_step];
}

static int resample_interleaved(const struct resampler *rs, enum sample_type type, const char *in,
                                size_t frames, size_t channels, char *out,
                                const struct workspace *work) {
    const size_t size = sample_size(type), length = resampler_length(rs, frames);
    char *memory = alloc_vectors(frames + length, size);
    if (!memory) return -1;
    const struct sound source = {type, memory, frames};
    const struct sound result = {type, memory + frames * size, length};
    int status = 0;
    for (size_t c = 0; c < channels && !status; c++) {
        take_channel(type, in + c * size, channels, source.samples, 1, frames);
        status = resample_channel(rs, &source, &result, work);
        take_channel(type, result.samples, 1, out + c * size, channels, length);
    }
    free(memory);
    return status;
}

static int resample(const struct resampler *rs, enum sample_type type, const void *in,
                    size_t frames, size_t channels, void *out) {
    struct workspace work;
    if (!frames || !channels) return 0;
    if (workspace_init(&work, rs)) return -1;
    int status;
    if (channels == 1) {
        const struct sound source = {type, (void *)in, frames};
        const struct sound result = {type, out, resampler_length(rs, frames)};
        status = resample_channel(rs, &source, &result, &work);
    } else {
        status = resample_interleaved(rs, type, in, frames, channels, out, &work);
    }
    free(work.kernel);
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
