/* Builds the tables of a fast Fourier transform: radices, twiddle factors, order. */
#include "fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VECTOR_BYTES = 64 }; /* the widest vector, and a cache line */

struct root {
    double re, im;
};

void *alloc_vectors(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - VECTOR_BYTES)
        return NULL;
    bytes = (bytes / VECTOR_BYTES + 1) * VECTOR_BYTES;
    return aligned_alloc(VECTOR_BYTES, bytes);
}

/* Radices in ascending order: measured faster than descending, as the first pass, which also
 * fetches the input, then has the fewest streams. */
int fft_factor(int rows, int radix[FFT_MAX_PASSES]) {
    int twos = 0, passes = 0, rest = rows;
    int sevens = 0, fives = 0, threes = 0;
    for (; rest % 2 == 0; rest /= 2) twos++;
    for (; rest % 3 == 0; rest /= 3) threes++;
    for (; rest % 5 == 0; rest /= 5) fives++;
    for (; rest % 7 == 0; rest /= 7) sevens++;
    if (rest != 1) return 0;
    /* As many 8 as possible, without a 2 where two 4 can do its work. */
    int eights = twos / 3, fours = 0, lone_two = twos % 3 == 1;
    if (twos % 3 == 2) fours = 1;
    if (lone_two && eights > 0) {
        eights--;
        fours = 2;
        lone_two = 0;
    }
    if (eights == 1 && fours + threes + fives + sevens == 0) { /* 8 alone: two passes are needed */
        eights = 0;
        fours = lone_two = 1;
    }
    const int count[FFT_MAX_RADIX + 1] = {0, 0, lone_two, threes, fours, fives, 0, sevens, eights};
    for (int r = 2; r <= FFT_MAX_RADIX; r++)
        for (int i = 0; i < count[r]; i++) {
            if (passes == FFT_MAX_PASSES) return 0;
            radix[passes++] = r;
        }
    return passes >= 2 ? passes : 0;
}

/* All roots exp(-2 pi i k / n), k = 0 .. n - 1, for n divisible by 4, or NULL. One eighth of the
 * circle is computed, the rest are its reflections and quarter turns. */
static struct root *roots_of_unity(int n) {
    struct root *root = malloc((size_t)n * sizeof *root);
    if (!root) return NULL;
    for (int k = 0; k <= n / 8; k++) {
        double angle = 2 * M_PI * k / n;
        root[k] = (struct root){cos(angle), -sin(angle)};
        root[n / 4 - k] = (struct root){-root[k].im, -root[k].re};
    }
    for (int k = n / 4; k < n; k++)
        root[k] = (struct root){root[k - n / 4].im, -root[k - n / 4].re};
    return root;
}

static float *put(float *to, struct root root) {
    to[0] = (float)root.re;
    to[1] = (float)root.im;
    return to + 2;
}

static void fill_passes(struct fft *fft, const struct root *root) {
    float *to = fft->twiddles;
    int left = fft->rows;
    for (int pass = 0; pass + 1 < fft->passes; pass++) {
        const int radix = fft->radix[pass], step = fft->size / left, m = left / radix;
        fft->twiddle[pass] = to;
        for (int j = 0; j < m; j++)
            for (int q = 1; q < radix; q++) to = put(to, root[j * q * step]);
        left = m;
    }
}

/* A pass of radix r leaves frequency f of its n rows in part f % r of n / r rows, as frequency
 * f / r of that part. A row is 2 x lanes floats. */
static void fill_offsets(struct fft *fft) {
    for (int frequency = 0; frequency < fft->rows; frequency++) {
        int rest = frequency, left = fft->rows, at = 0;
        for (int pass = 0; pass < fft->passes; pass++) {
            left /= fft->radix[pass];
            at += rest % fft->radix[pass] * left;
            rest /= fft->radix[pass];
        }
        fft->offset[frequency] = at * 2 * fft->lanes;
    }
}

static void fill_cross(struct fft *fft, const struct root *root) {
    const int lanes = fft->lanes;
    float *to = fft->cross;
    for (int c = 0; c < fft_chunks(fft); c++) {
        const int from = fft_chunk(fft, c);
        for (int column = 1; column < lanes; column++, to += 2 * lanes)
            for (int lane = 0; lane < lanes; lane++) {
                const struct root w = root[column * (from + lane)];
                to[lane] = (float)w.re;
                to[lanes + lane] = (float)w.im;
            }
    }
}

int fft_init(struct fft *fft, int size, int lanes) {
    memset(fft, 0, sizeof *fft);
    fft->size = size;
    fft->lanes = lanes;
    fft->rows = size / lanes;
    fft->passes = fft_factor(fft->rows, fft->radix);
    struct root *root = roots_of_unity(size);
    /* A pass holds left - m factors, the next fewer than m: together fewer than `rows`. */
    fft->twiddles = alloc_vectors((size_t)fft->rows * 2, sizeof(float));
    fft->offset = alloc_vectors((size_t)fft->rows, sizeof(int32_t));
    fft->cross =
        alloc_vectors((size_t)fft_chunks(fft) * 2 * (size_t)(lanes * lanes), sizeof(float));
    int failed = !root || !fft->twiddles || !fft->offset || !fft->cross;
    if (!failed) {
        fill_passes(fft, root);
        fill_offsets(fft);
        fill_cross(fft, root);
    }
    free(root);
    return failed ? -1 : 0;
}

void fft_free(struct fft *fft) {
    free(fft->twiddles);
    free(fft->offset);
    free(fft->cross);
}
