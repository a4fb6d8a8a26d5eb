/* The kernel for CPUs with AVX-512 (F, DQ, BW, VL). */
#if defined(__x86_64__)
#ifdef __clang__
#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")
#endif
#define LANES 16
#define KERNEL kernel_avx512
#include "resample_kernel.inc"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
