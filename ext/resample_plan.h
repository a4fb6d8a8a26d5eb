/* Chooses sizes for a ratio and fills the tables; see docs/resampling.md. */
#ifndef LASTWORD_RESAMPLE_PLAN_H
#define LASTWORD_RESAMPLE_PLAN_H

#include "resample_design.h"
#include "resample_kernel.h"

struct resampler {
    uint32_t up, down;             /* out_rate and in_rate without their common divisor */
    uint32_t block_up, block_down; /* the ratio of the blocks: the same, or to a rate in between */
    const struct kernel *kernel;
    struct blocks blocks;
    phase *bank;  /* (PHASES,) from the rate in between to out_rate, or NULL */
    size_t reach; /* an output depends on inputs up to this far from its time */
};

/* Return 0, or -1 if memory ran out; call plan_free in both cases. The rates are positive
 * and at most RESAMPLE_MAX_RATIO apart. */
int plan_init(struct resampler *rs, uint32_t in_rate, uint32_t out_rate,
              const struct kernel *kernel);
void plan_free(struct resampler *rs);

#endif
