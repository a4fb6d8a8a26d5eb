/* Makes frames of a sound that comes piece by piece: channels, sample rate, int16. Knows no Python.
 */
#ifndef LASTWORD_FRAMER_H
#define LASTWORD_FRAMER_H

#include "resample_stream.h"

struct framer;

/* What has come so far, and what has become of it. */
struct framer_state {
    size_t frames;  /* whole frames written; the next samples belong into the one after them */
    size_t length;  /* samples per channel written */
    size_t clipped; /* samples beyond full scale, in all channels */
    bool finite,
        silent; /* of the input: whether there was neither NaN nor infinity; nothing but 0 */
};

/* Frames of `samples_per_channel` x `channels` samples, from `in_channels` interleaved channels of
 * a type; all three are positive. With fewer channels than the sound has, each is their mean; one
 * channel is copied. `rs` must outlive the framer and is NULL if the rate stays. Return NULL if
 * memory ran out. */
struct framer *framer_new(const struct resampler *rs, enum sample_type type, size_t in_channels,
                          size_t channels, size_t samples_per_channel);
void framer_free(struct framer *framer);

/* Return how many frames there will be when `more` input frames have come and nothing follows, the
 * last one perhaps in part; SIZE_MAX if that does not fit. */
size_t framer_count(const struct framer *framer, size_t more);

/* Take `count` input frames. `places` are the frames from the first unfinished one on, as many as
 * framer_count told for them. What comes after the first NaN or infinity is left out. */
void framer_push(struct framer *framer, const void *in, size_t count, int16_t *const *places);

/* Write what is still to come, and silence to the end of the last frame; `places` as above. */
void framer_end(struct framer *framer, int16_t *const *places);

const struct framer_state *framer_state(const struct framer *framer);

#endif
