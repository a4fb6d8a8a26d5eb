/* Lets every single allocation of resampler and framer fail in turn: that must end in NULL or -1,
 * without a leak, a crash or a sound. Linked with --wrap of malloc, calloc and aligned_alloc, under
 * sanitizers. */
#include <stdio.h>
#include <stdlib.h>

#include "framer.h"
#include "resample.h"

enum { FRAMES = 3000, MOST_ALLOCATIONS = 40 };

static long left = -1; /* allocations that still succeed; all of them if negative */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);

static int granted(void) {
    if (left < 0) return 1;
    return left-- > 0;
}

void *__wrap_malloc(size_t size) {
    return granted() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size) {
    return granted() ? __real_calloc(count, size) : NULL;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return granted() ? __real_aligned_alloc(alignment, size) : NULL;
}

/* Makes frames of the sound, of one channel; returns whether there was memory for it. */
static int frame(const struct resampler *rs, const float *in, size_t channels) {
    enum { LENGTH = 1200, MOST_FRAMES = 8 };
    static int16_t frames[MOST_FRAMES][LENGTH];
    int16_t *places[MOST_FRAMES];
    for (int i = 0; i < MOST_FRAMES; i++) places[i] = frames[i];
    struct framer *framer = framer_new(rs, SAMPLE_F32, channels, 1, LENGTH);
    if (!framer) return 0;
    framer_push(framer, in, FRAMES, places);
    framer_end(framer, places + framer_state(framer)->frames);
    framer_free(framer);
    return 1;
}

/* Returns whether everything succeeded. */
static int run(uint32_t in_rate, uint32_t out_rate, size_t channels, long allocations) {
    static float in[2 * FRAMES], out[2 * 3 * FRAMES + 2];
    left = allocations;
    struct resampler *rs = resampler_new(in_rate, out_rate, SIMD_PORTABLE);
    int done = rs && resample_f32(rs, in, FRAMES, channels, out) == 0 && frame(rs, in, channels);
    left = -1;
    resampler_free(rs);
    return done;
}

int main(void) {
    static const uint32_t rates[][2] = {{44100, 24000}, {8000, 24000}, {47999, 24000}};
    for (int i = 0; i < 3; i++) {
        for (size_t channels = 1; channels <= 2; channels++) {
            long n = 0;
            while (n < MOST_ALLOCATIONS && !run(rates[i][0], rates[i][1], channels, n)) n++;
            if (n < 8 || n == MOST_ALLOCATIONS) return 1; /* the wrapping does not work */
            printf("%u>%u, %zu channels: %ld failures\n", rates[i][0], rates[i][1], channels, n);
        }
    }
    return 0;
}
