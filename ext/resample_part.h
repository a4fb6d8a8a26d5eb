/* Filters any part of one channel: what whole sounds and those that come in pieces share. */
#ifndef LASTWORD_RESAMPLE_PART_H
#define LASTWORD_RESAMPLE_PART_H

#include <stdbool.h>

#include "resample_plan.h"

/* Consecutive samples of one channel, of one type. Nothing lies before sample 0 of a sound. */
struct sound {
    enum sample_type type;
    void *samples;
    ptrdiff_t first; /* the number of samples[0], counted from the start of the sound */
    size_t count;
    bool is_end; /* of an input: nothing follows */
};

/* Memory of one run: the kernel's, and a block of zeros and samples per half of a pair. */
struct workspace {
    float *kernel;
    char *in[2], *out[2];
    float *between; /* of the rate in between, or NULL */
};

size_t sample_size(enum sample_type type);

/* Return 0, or -1 if memory ran out; call workspace_free in both cases. */
int workspace_init(struct workspace *work, const struct resampler *rs);
void workspace_free(struct workspace *work);

/* Blocks are filtered in pairs, and rounding carries a little of one into the other: the result is
 * that of the whole sound if each part but the last is as long as part_end says. */
size_t part_end(const struct resampler *rs, size_t from);

/* The inputs that the outputs from .. to - 1 depend on, or could by rounding; `from` is the start
 * of a part, `to` at most its end. Those before the start of the sound are not counted. */
void part_inputs(const struct resampler *rs, size_t from, size_t to, size_t *first, size_t *end);

/* Copy `count` samples that lie `from_step` apart to where they lie `to_step` apart. */
void take_channel(enum sample_type type, const void *from, size_t from_step, void *to,
                  size_t to_step, size_t count);

/* Compute all of `out`; `in` holds at least the inputs that part_inputs tells, as far as the
 * sound has them. */
void resample_part(const struct resampler *rs, const struct sound *in, const struct sound *out,
                   const struct workspace *work);

#endif
