/* Asks the CPU, and the system that must save its registers, what they can do. */
#include "cpu.h"

const char *simd_name(enum simd simd) {
    static const char *const names[SIMD_COUNT] = {"portable", "avx2", "avx512"};
    return names[simd];
}

int simd_usable(enum simd simd) {
#ifdef __x86_64__
    __builtin_cpu_init();
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (simd == SIMD_AVX2) return avx2;
    if (simd == SIMD_AVX512)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return simd == SIMD_PORTABLE;
}
