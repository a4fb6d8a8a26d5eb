/* resample_pipe IN_RATE OUT_RATE: float32 samples of one channel from stdin to stdout, by the
 * portable path. Lets tests run the resampler on a CPU that is not this one. */
#include <stdio.h>
#include <stdlib.h>

#include "resample.h"

enum { MOST = 1 << 20 };

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    struct resampler *rs =
        resampler_new((uint32_t)atol(argv[1]), (uint32_t)atol(argv[2]), SIMD_PORTABLE);
    float *in = malloc(MOST * sizeof *in);
    if (!rs || !in) return 1;
    size_t frames = fread(in, sizeof *in, MOST, stdin), length = resampler_length(rs, frames);
    float *out = malloc((length + 1) * sizeof *out);
    if (!out || resample_f32(rs, in, frames, 1, out)) return 1;
    size_t written = fwrite(out, sizeof *out, length, stdout);
    free(in);
    free(out);
    resampler_free(rs);
    return written != length;
}
