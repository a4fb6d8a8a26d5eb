/* The kernel for CPUs with AVX2 and FMA. */
#if defined(__x86_64__)
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define LANES 8
#define KERNEL kernel_avx2
#include "resample_kernel.inc"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
