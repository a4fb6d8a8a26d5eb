/* Passes blocks to the kernel: ends of the sound, awkward ratios, silence. */
#include "resample_part.h"

#include <stdlib.h>
#include <string.h>

/* How many samples are held at a time between the two stages: they stay in the L2 cache. */
enum { BETWEEN_SAMPLES = 32768 };

size_t sample_size(enum sample_type type) {
    return type == SAMPLE_F32 ? sizeof(float) : sizeof(int16_t);
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) {
    return a > b ? a : b;
}

/* Floor of a / b for positive b. */
static ptrdiff_t divide_down(ptrdiff_t a, ptrdiff_t b) {
    return a / b - (a % b < 0);
}

int workspace_init(struct workspace *work, const struct resampler *rs) {
    const size_t in_bytes = sizeof(float) * (size_t)rs->blocks.in.size;
    const size_t out_bytes = sizeof(float) * (size_t)rs->blocks.out.size;
    const size_t kernel_bytes = sizeof(float) * rs->kernel->scratch(&rs->blocks);
    char *memory = alloc_vectors(kernel_bytes + 2 * in_bytes + 2 * out_bytes, 1);
    work->kernel = (float *)memory;
    work->between = rs->bank ? alloc_vectors(BETWEEN_SAMPLES, sizeof(float)) : NULL;
    if (!memory || (rs->bank && !work->between)) return -1;
    memset(memory, 0, kernel_bytes); /* unused bins are read too, though times 0 */
    for (int half = 0; half < 2; half++) {
        work->in[half] = memory + kernel_bytes + (size_t)half * in_bytes;
        work->out[half] = memory + kernel_bytes + 2 * in_bytes + (size_t)half * out_bytes;
    }
    return 0;
}

void workspace_free(struct workspace *work) {
    free(work->kernel);
    free(work->between);
}

void take_channel(enum sample_type type, const void *from, size_t from_step, void *to,
                  size_t to_step, size_t count) {
    if (type == SAMPLE_F32)
        for (size_t i = 0; i < count; i++)
            ((float *)to)[i * to_step] = ((const float *)from)[i * from_step];
    else
        for (size_t i = 0; i < count; i++)
            ((int16_t *)to)[i * to_step] = ((const int16_t *)from)[i * from_step];
}

/* --- blocks --- */

/* Copy samples first .. first + length - 1 of `from` to `room`, as far as it has them. */
static void copy_overlap(const struct sound *from, ptrdiff_t first, size_t length, char *room) {
    const size_t size = sample_size(from->type);
    const ptrdiff_t start = larger(first, from->first);
    const ptrdiff_t end =
        -larger(-(first + (ptrdiff_t)length), -(from->first + (ptrdiff_t)from->count));
    if (start < end)
        memcpy(room + (size_t)(start - first) * size,
               (const char *)from->samples + (size_t)(start - from->first) * size,
               (size_t)(end - start) * size);
}

static bool contains(const struct sound *sound, ptrdiff_t first, size_t length) {
    return first >= sound->first && (size_t)(first - sound->first) <= sound->count &&
           length <= sound->count - (size_t)(first - sound->first);
}

/* Where sample `number` lies; the sound contains it. */
static char *place_of(const struct sound *sound, ptrdiff_t number) {
    return (char *)sound->samples + (size_t)(number - sound->first) * sample_size(sound->type);
}

/* The block of inputs from `first` on, which may lie beyond either end of the sound. */
static const void *fetch_block(const struct sound *in, ptrdiff_t first, size_t length, char *room) {
    if (contains(in, first, length)) return place_of(in, first);
    memset(room, 0, length * sample_size(in->type));
    copy_overlap(in, first, length, room);
    return room;
}

/* The blocks' outputs into `out`, whose first may be negative. */
static void filter(const struct resampler *rs, const struct sound *in, const struct sound *out,
                   const struct workspace *work) {
    const struct blocks *blocks = &rs->blocks;
    const size_t hop = (size_t)blocks->out_hop;
    const ptrdiff_t end = out->first + (ptrdiff_t)out->count;
    ptrdiff_t block = divide_down(out->first - blocks->out_origin, blocks->out_hop);
    for (;; block += 2) {
        const void *from[2];
        void *to[2];
        ptrdiff_t at[2];
        for (int half = 0; half < 2; half++) {
            at[half] = (block + half) * blocks->out_hop + blocks->out_origin;
            to[half] = contains(out, at[half], hop) ? place_of(out, at[half]) : work->out[half];
            from[half] = fetch_block(in, (block + half) * blocks->in_hop - blocks->in_lead,
                                     (size_t)blocks->in.size, work->in[half]);
        }
        if (at[0] >= end) return;
        rs->kernel->filter_pair(blocks, in->type, from, out->type, to, work->kernel);
        for (int half = 0; half < 2; half++) {
            if (to[half] != work->out[half]) continue;
            const struct sound kept = {out->type, work->out[half], at[half], hop, false};
            copy_overlap(&kept, out->first, out->count, out->samples);
        }
    }
}

/* --- awkward ratios --- */

/* Where outputs lie in the sound of the rate in between: output j at j * step / unit. */
struct between {
    unsigned __int128 step;
    uint64_t unit;
    size_t piece; /* outputs that fit into `work->between` */
};

static struct between between_of(const struct resampler *rs) {
    const unsigned __int128 step = (unsigned __int128)rs->down * rs->block_up;
    const uint64_t unit = (uint64_t)rs->up * rs->block_down;
    return (struct between){
        step, unit, (size_t)((unsigned __int128)(BETWEEN_SAMPLES - 2 * TAPS) * unit / step)};
}

/* The samples of the rate in between that outputs from .. from + count - 1 are made of. */
static struct sound between_for(const struct between *between, size_t from, size_t count) {
    const unsigned __int128 at = between->step * from;
    const uint64_t rest = (uint64_t)(at % between->unit);
    return (struct sound){SAMPLE_F32, NULL, (ptrdiff_t)(at / between->unit) - (TAPS / 2 - 1),
                          (size_t)((rest + between->step * (count - 1)) / between->unit) + TAPS,
                          false};
}

/* By blocks to the rate in between, then by interpolation, piece by piece. */
static void filter_and_interpolate(const struct resampler *rs, const struct sound *in,
                                   const struct sound *out, const struct workspace *work) {
    const struct between between = between_of(rs);
    for (size_t done = 0; done < out->count; done += between.piece) {
        const size_t count = smaller(between.piece, out->count - done);
        const size_t from = (size_t)out->first + done;
        const struct place place = {0, (uint64_t)(between.step * from % between.unit),
                                    (uint64_t)(between.step / between.unit),
                                    (uint64_t)(between.step % between.unit), between.unit};
        struct sound samples = between_for(&between, from, count);
        samples.samples = work->between;
        filter(rs, in, &samples, work);
        rs->kernel->interpolate(rs->bank, work->between, place, count, out->type,
                                (char *)out->samples + done * sample_size(out->type));
    }
}

/* --- silence --- */

static bool is_zero(const struct sound *sound, size_t i) {
    return sound->type == SAMPLE_F32 ? ((const float *)sound->samples)[i] == 0
                                     : ((const int16_t *)sound->samples)[i] == 0;
}

/* Zero the outputs that depend only on the inputs with the numbers from .. to - 1, or on what is
 * beyond the ends. */
static void silence(const struct resampler *rs, size_t from, size_t to, bool to_the_end,
                    const struct sound *out) {
    if (!to_the_end && to <= rs->reach) return;
    const size_t first_input = from ? from + rs->reach : 0;
    const size_t out_end = (size_t)out->first + out->count;
    size_t first = (size_t)(((unsigned __int128)first_input * rs->up + rs->down - 1) / rs->down);
    size_t end = out_end;
    if (!to_the_end)
        end = (size_t)(((unsigned __int128)(to - rs->reach - 1) * rs->up) / rs->down) + 1;
    if (first < (size_t)out->first) first = (size_t)out->first;
    end = smaller(end, out_end);
    if (first < end)
        memset(place_of(out, (ptrdiff_t)first), 0, (end - first) * sample_size(out->type));
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
            silence(rs, (size_t)in->first + from, (size_t)in->first + to, in->is_end && to == n,
                    out);
        }
        if (to >= n || probe == n - 1) break;
        probe = smaller((to > probe ? to - 1 : probe) + rs->reach, n - 1);
    }
}

/* --- parts --- */

size_t part_end(const struct resampler *rs, size_t from) {
    if (rs->bank) return from + between_of(rs).piece;
    /* The first pair of blocks is the one that holds output 0. */
    const ptrdiff_t hop = rs->blocks.out_hop, origin = rs->blocks.out_origin;
    const ptrdiff_t start = divide_down(-origin, hop) * hop + origin;
    return (size_t)(start + (divide_down((ptrdiff_t)from - start, 2 * hop) + 1) * 2 * hop);
}

void part_inputs(const struct resampler *rs, size_t from, size_t to, size_t *first, size_t *end) {
    const struct blocks *blocks = &rs->blocks;
    struct sound filtered = {SAMPLE_F32, NULL, (ptrdiff_t)from, to - from, false};
    if (rs->bank) {
        const struct between between = between_of(rs);
        filtered = between_for(&between, from, to - from);
    }
    const ptrdiff_t hop = blocks->out_hop, origin = blocks->out_origin;
    const ptrdiff_t last = filtered.first + (ptrdiff_t)filtered.count - 1;
    const ptrdiff_t block = divide_down(filtered.first - origin, hop);
    const ptrdiff_t pairs = (divide_down(last - origin, hop) - block) / 2;
    const ptrdiff_t block_start = block * blocks->in_hop - blocks->in_lead;
    const ptrdiff_t block_end =
        (block + 2 * pairs + 1) * blocks->in_hop - blocks->in_lead + blocks->in.size;
    /* Whether an output is silent depends on all inputs within reach of it. */
    const ptrdiff_t reach = (ptrdiff_t)rs->reach + 1;
    const ptrdiff_t time = (ptrdiff_t)((unsigned __int128)from * rs->down / rs->up);
    const ptrdiff_t end_time = (ptrdiff_t)((unsigned __int128)to * rs->down / rs->up) + 1;
    *first = (size_t)larger(-larger(-block_start, -(time - reach)), 0);
    *end = (size_t)larger(block_end, end_time + reach);
}

void resample_part(const struct resampler *rs, const struct sound *in, const struct sound *out,
                   const struct workspace *work) {
    if (rs->bank)
        filter_and_interpolate(rs, in, out, work);
    else
        filter(rs, in, out, work);
    restore_silence(rs, in, out);
}
