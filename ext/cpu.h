/* Which instruction set the resampler uses. */
#ifndef LASTWORD_CPU_H
#define LASTWORD_CPU_H

enum simd { SIMD_PORTABLE, SIMD_AVX2, SIMD_AVX512, SIMD_COUNT };

/* Name of a path, as LASTWORD_SIMD spells it. */
const char *simd_name(enum simd simd);

/* 1 if this build has the path and this CPU can run it. */
int simd_usable(enum simd simd);

#endif
