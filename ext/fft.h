/* Builds the tables of the Fourier transform that fft_kernel.inc computes; see docs/resampling.md.
 *
 * A transform of `size` = lanes x rows points looks at its input as `rows` rows of `lanes`
 * consecutive samples, one vector each. First each column is transformed over the rows, all columns
 * at once; then, for each row frequency, the lanes across.
 */
#ifndef LASTWORD_FFT_H
#define LASTWORD_FFT_H

#include <stddef.h>
#include <stdint.h>

enum { FFT_MAX_PASSES = 16, FFT_MAX_RADIX = 8 };

struct fft {
    int size, lanes, rows;
    int passes;                           /* row passes: rows = radix[0] * radix[1] * ... */
    int radix[FFT_MAX_PASSES];            /* 2, 3, 4, 5, 7 or 8, ascending */
    const float *twiddle[FFT_MAX_PASSES]; /* per pass but the last, (rows left, radix - 1, 2) */
    float *twiddles;                      /* the memory of all of them */
    float *cross;                         /* (chunks, lanes - 1, 2, lanes), see fft_chunk */
    int32_t *offset; /* floats before the row of a row frequency, after the passes */
};

/* Split `rows` into at least two radices, ascending; return how many, or 0 if that
 * is impossible. */
int fft_factor(int rows, int radix[FFT_MAX_PASSES]);

/* The row frequencies of chunk `c` are `lanes` consecutive ones from here; the last chunk overlaps
 * the one before where `lanes` does not divide `rows`. Needs rows >= lanes. */
static inline int fft_chunk(const struct fft *fft, int c) {
    int from = c * fft->lanes, last = fft->rows - fft->lanes;
    return from < last ? from : last;
}

static inline int fft_chunks(const struct fft *fft) {
    return (fft->rows + fft->lanes - 1) / fft->lanes;
}

/* Build the tables for `size` points, which fft_factor(size / lanes) accepts.
 * Return 0, or -1 if memory ran out; call fft_free in both cases. */
int fft_init(struct fft *fft, int size, int lanes);
void fft_free(struct fft *fft);

/* Return memory aligned for any vector, or NULL; release it with free(). */
void *alloc_vectors(size_t count, size_t size);

#endif
