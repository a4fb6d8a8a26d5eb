/* Filters a pair of blocks, compiled once per instruction set; see docs/resampling.md. */
#ifndef LASTWORD_RESAMPLE_KERNEL_H
#define LASTWORD_RESAMPLE_KERNEL_H

#include "fft.h"
#include "resample_design.h"

enum sample_type { SAMPLE_F32, SAMPLE_S16 };

/* A position between two samples, whole + rest / unit, and the step to the next. */
struct place {
    uint64_t whole, rest, step_whole, step_rest, unit;
};

/* How blocks are cut, filtered and put together; built by resample_plan.c. All counts in samples.
 */
struct blocks {
    struct fft in, out;      /* a block before and after */
    int in_hop, out_hop;     /* from block to block */
    int in_lead;             /* a block begins this far before the inputs that it covers */
    int out_lead;            /* of a result, this many are dropped before the valid ones */
    int out_origin;          /* the first valid output of block 0, <= 0 */
    int in_bands, out_bands; /* how many of the `lanes` bands at each end of the spectrum count */
    float *gain;             /* (out.size,): the filter, over in.size */
    int32_t *source;         /* (chunks of out, lanes): the bin of `in` where `lanes` bins begin */
};

struct kernel {
    int lanes;
    /* Floats of scratch memory that filter_pair needs. */
    size_t (*scratch)(const struct blocks *);
    /* Filter two blocks of in.size samples; `out_hop` valid samples of each go to `out`. */
    void (*filter_pair)(const struct blocks *, enum sample_type in_type, const void *const in[2],
                        enum sample_type out_type, void *const out[2], float *scratch);
    /* `count` values of the sound in `from`, of which tap 0 at place 0 is from[0]. */
    void (*interpolate)(const phase bank[PHASES], const float *from, struct place place,
                        size_t count, enum sample_type out_type, void *out);
};

extern const struct kernel kernel_portable, kernel_avx2, kernel_avx512;

#endif
