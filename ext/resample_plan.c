/* Chooses the block geometry: sizes of the transforms, overlap, hop, by what they cost. */
#include "resample_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Transforms grow to this size, or to REACHES filter lengths if that is more. */
enum { COMMON_SIZE = 16384, REACHES = 6 };
/* The rate in between is at least this many times the lower rate: the interpolator's taps need the
 * room (resample_design.c). Its ratio has a numerator of at most MAX_STEP. */
static const double BETWEEN = 2.25;
enum { MAX_STEP = 16 };

static uint32_t common_divisor(uint32_t a, uint32_t b) {
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int divide_up(int a, int b) {
    return (a + b - 1) / b;
}

/* --- the geometry of one candidate --- */

/* Blocks of `down` k samples become blocks of `up` k; `low` is the lower rate in units of the
 * blocks' input rate. Returns 0 if the candidate leaves nothing to keep. */
static int cut_blocks(struct blocks *blocks, int up, int down, int k, double low, int lanes) {
    const double reach = FILTER_PERIODS / 2 / low;
    const int in_reach = (int)ceil(reach), out_reach = (int)ceil(reach * up / down);
    int lead = divide_up(in_reach, down);           /* in units of `down` inputs, `up` outputs */
    int skip = divide_up(out_reach, lanes) * lanes; /* results are stored by whole rows */
    if (skip > lead * up) lead = divide_up(skip, up);
    const int align = lanes / (int)common_divisor((uint32_t)up, (uint32_t)lanes);
    const int hop = (k * up - skip - out_reach) / up / align * align;
    if (hop <= 0) return 0;
    blocks->in.size = k * down;
    blocks->out.size = k * up;
    blocks->in_hop = hop * down;
    blocks->out_hop = hop * up;
    blocks->in_lead = lead * down;
    blocks->out_lead = skip;
    blocks->out_origin = skip - lead * up;
    blocks->in_bands = (int)ceil(lanes * low / 2 - 1e-9);
    blocks->out_bands = (int)ceil(lanes * low * down / up / 2 - 1e-9);
    return 1;
}

/* --- what a candidate costs --- */

/* Nanoseconds per row of a pass, by radix, and of going across the lanes. Fitted to the times of
 * all block sizes at nine ratios on an AMD EPYC (Zen 4), which they match within 6 %: as the
 * optimum is flat, other CPUs lose little with them. Sizes of both transforms
 * beyond the L1 cache cost more. */
static const double PASS_COST[FFT_MAX_RADIX + 1] = {0, 0, 1.1, 1.4, 1.35, 1.9, 0, 2.5, 2.1};
static const double CROSS_COST = 0.9, CROSS_COST_PER_LANE = 0.14;
static const double SIZE_COST_PER_LANE = 0.0125 / 1024;
enum { CHEAP_SIZE = 4096 };
/* Eight rows that lie a multiple of 4 KiB apart fall into one set of an L1 cache of 8 ways, and
 * leave no room for anything else (seen with AVX2, where the first pass over 4096 points does
 * that). */
static const double CROWDED_COST = 1.5;
enum { SET_BYTES = 4096, WAYS = 8 };

static double transform_cost(int size, int lanes) {
    int radix[FFT_MAX_PASSES];
    const int rows = size / lanes, passes = fft_factor(rows, radix);
    double cost = CROSS_COST + CROSS_COST_PER_LANE * lanes;
    for (int pass = 0, left = rows; pass < passes; pass++) {
        left /= radix[pass];
        const size_t apart = (size_t)left * 2 * (size_t)lanes * sizeof(float);
        cost += PASS_COST[radix[pass]];
        if (radix[pass] == WAYS && apart % SET_BYTES == 0) cost += CROWDED_COST;
    }
    return passes ? cost * rows : INFINITY;
}

static double blocks_cost(const struct blocks *blocks, int lanes) {
    const int size = blocks->in.size + blocks->out.size;
    const double excess = size > CHEAP_SIZE ? SIZE_COST_PER_LANE * lanes * (size - CHEAP_SIZE) : 0;
    return transform_cost(blocks->in.size, lanes) + transform_cost(blocks->out.size, lanes) +
           excess * size / lanes;
}

/* The cheapest blocks for a ratio; returns their cost per `down` inputs, infinite if there are
 * none. */
static double choose_blocks(struct blocks *best, uint32_t up, uint32_t down, double low,
                            int lanes) {
    const double reach = FILTER_PERIODS / low;
    const double in_limit = fmax(COMMON_SIZE, REACHES * reach);
    const double out_limit = fmax(COMMON_SIZE, REACHES * reach * up / down);
    const int up_step = lanes / (int)common_divisor(up, (uint32_t)lanes);
    const int down_step = lanes / (int)common_divisor(down, (uint32_t)lanes);
    const int step = up_step > down_step ? up_step : down_step; /* both are powers of two */
    double least = INFINITY;
    for (int k = step; (double)k * down <= in_limit && (double)k * up <= out_limit; k += step) {
        struct blocks blocks = {0};
        if (k * (int)down < lanes * lanes || k * (int)up < lanes * lanes ||
            !cut_blocks(&blocks, (int)up, (int)down, k, low, lanes))
            continue;
        const double cost = blocks_cost(&blocks, lanes) / (blocks.in_hop / (int)down);
        if (cost < least) {
            least = cost;
            *best = blocks;
        }
    }
    return least;
}

/* --- the rate in between --- */

static int is_smooth(uint32_t n) {
    static const uint32_t primes[] = {2, 3, 5, 7};
    for (int i = 0; i < 4; i++)
        while (n % primes[i] == 0) n /= primes[i];
    return n == 1;
}

/* Blocks to a rate p / q of the input's, a little above BETWEEN times the lower rate. */
static void choose_between(struct resampler *rs, double low) {
    double least = INFINITY;
    for (uint32_t p = 1; p <= MAX_STEP; p++) {
        uint32_t q = (uint32_t)(p / (BETWEEN * low) + 1e-9);
        while (q && !is_smooth(q)) q--;
        if (!q || !is_smooth(p) || common_divisor(p, q) > 1) continue;
        struct blocks blocks = {0};
        const double cost = choose_blocks(&blocks, p, q, low, rs->kernel->lanes) / q;
        if (cost < least) {
            least = cost;
            rs->block_up = p;
            rs->block_down = q;
            rs->blocks = blocks;
        }
    }
}

/* --- tables --- */

static int fill_gains(struct blocks *blocks, double low) {
    const int in_size = blocks->in.size, out_size = blocks->out.size, half = out_size / 2;
    double *gain = malloc(sizeof(double) * (size_t)(half + 1));
    blocks->gain = alloc_vectors((size_t)out_size, sizeof(float));
    if (!gain || !blocks->gain || filter_response(1 / (low * in_size), half + 1, gain)) {
        free(gain);
        return -1;
    }
    blocks->gain[0] = (float)(gain[0] / in_size);
    for (int k = 1; k <= half; k++) {
        blocks->gain[k] = blocks->gain[out_size - k] = (float)(gain[k] / in_size);
    }
    free(gain);
    return 0;
}

/* Bins of negative frequency lie at the end of either spectrum. Where all gains are 0 the
 * input may have no such bin: any one will do. */
static int fill_sources(struct blocks *blocks) {
    const struct fft *out = &blocks->out;
    const int lanes = out->lanes, chunks = fft_chunks(out);
    blocks->source = alloc_vectors((size_t)(chunks * lanes), sizeof(int32_t));
    if (!blocks->source) return -1;
    for (int c = 0; c < chunks; c++)
        for (int band = 0; band < lanes; band++) {
            const int bin = band * out->rows + fft_chunk(out, c);
            int alive = 0;
            for (int i = 0; i < lanes; i++) alive |= blocks->gain[bin + i] != 0;
            const int source = band < lanes / 2 ? bin : bin - out->size + blocks->in.size;
            blocks->source[c * lanes + band] = alive ? source : 0;
        }
    return 0;
}

int plan_init(struct resampler *rs, uint32_t in_rate, uint32_t out_rate,
              const struct kernel *kernel) {
    const uint32_t divisor = common_divisor(in_rate, out_rate);
    const double low = out_rate < in_rate ? (double)out_rate / in_rate : 1;
    memset(rs, 0, sizeof *rs);
    rs->kernel = kernel;
    rs->up = rs->block_up = out_rate / divisor;
    rs->down = rs->block_down = in_rate / divisor;
    const int direct = choose_blocks(&rs->blocks, rs->up, rs->down, low, kernel->lanes) < INFINITY;
    if (!direct) {
        choose_between(rs, low);
        rs->bank = alloc_vectors(PHASES, sizeof *rs->bank);
        if (!rs->bank) return -1;
        interpolation_bank(rs->bank);
    }
    rs->reach = (size_t)ceil(FILTER_PERIODS / 2 / low) +
                (direct ? 0 : (size_t)(TAPS / 2) * rs->block_down / rs->block_up + 1);
    const int in_size = rs->blocks.in.size, out_size = rs->blocks.out.size;
    if (fft_init(&rs->blocks.in, in_size, kernel->lanes) ||
        fft_init(&rs->blocks.out, out_size, kernel->lanes))
        return -1;
    return fill_gains(&rs->blocks, low) || fill_sources(&rs->blocks) ? -1 : 0;
}

void plan_free(struct resampler *rs) {
    fft_free(&rs->blocks.in);
    fft_free(&rs->blocks.out);
    free(rs->blocks.gain);
    free(rs->blocks.source);
    free(rs->bank);
}
