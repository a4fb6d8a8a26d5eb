/* Finds out which instruction sets the resampler can use. */
#ifndef LASTWORD_CPU_H
#define LASTWORD_CPU_H

enum simd { SIMD_PORTABLE, SIMD_AVX2, SIMD_AVX512, SIMD_COUNT };

/* Return the name of a path, as LASTWORD_SIMD spells it. */
const char *simd_name(enum simd simd);

/* Return 1 if this build has the path and this CPU can run it, else 0. */
int simd_usable(enum simd simd);

#endif
