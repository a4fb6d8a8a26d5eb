/* Asks the CPU, and the system that must save its registers, what they can do. */
#include "cpu.h"

#include <stdatomic.h>
#include <stdint.h>

#ifdef __x86_64__
#include <cpuid.h>

/* Bits of CPUID and of XCR0: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2
 * (CPUID) and volume 1 (13.3). __builtin_cpu_supports is not used: it comes with libgcc or LLVM's
 * runtime, and Zig's always answers no. */
enum {
    LEAF1_ECX_FMA = 1 << 12,
    LEAF1_ECX_OSXSAVE = 1 << 27,
    LEAF1_ECX_AVX = 1 << 28,
    LEAF7_EBX_AVX2 = 1 << 5,
    LEAF7_EBX_AVX512F = 1 << 16,
    LEAF7_EBX_AVX512DQ = 1 << 17,
    LEAF7_EBX_AVX512BW = 1 << 30,
    XCR0_AVX = 0x06,    /* XMM and the upper halves of YMM */
    XCR0_AVX512 = 0xE0, /* mask registers, the upper halves of ZMM, the upper sixteen ZMM */
};
static const uint32_t LEAF7_EBX_AVX512VL = UINT32_C(1) << 31;

/* Which registers the system saves when it switches threads. */
static uint32_t saved_registers(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
#ifdef __APPLE__
    low |= XCR0_AVX512; /* Darwin begins to save these when a thread first uses them */
#endif
    return low;
}

static int has(uint32_t flags, uint32_t wanted) {
    return (flags & wanted) == wanted;
}

static enum simd best_simd(void) {
    uint32_t eax, ebx, ecx, edx, features;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return SIMD_PORTABLE;
    if (!has(ecx, LEAF1_ECX_FMA | LEAF1_ECX_OSXSAVE | LEAF1_ECX_AVX)) return SIMD_PORTABLE;
    if (!__get_cpuid_count(7, 0, &eax, &features, &ecx, &edx)) return SIMD_PORTABLE;
    const uint32_t saved = saved_registers();
    if (!has(saved, XCR0_AVX) || !has(features, LEAF7_EBX_AVX2)) return SIMD_PORTABLE;
    if (!has(saved, XCR0_AVX512)) return SIMD_AVX2;
    const uint32_t avx512 =
        LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512DQ | LEAF7_EBX_AVX512BW | LEAF7_EBX_AVX512VL;
    return has(features, avx512) ? SIMD_AVX512 : SIMD_AVX2;
}
#else
static enum simd best_simd(void) {
    return SIMD_PORTABLE;
}
#endif

const char *simd_name(enum simd simd) {
    static const char *const names[SIMD_COUNT] = {"portable", "avx2", "avx512"};
    return names[simd];
}

int simd_usable(enum simd simd) {
    static _Atomic int known = SIMD_COUNT; /* on a virtual machine CPUID takes about 10 us */
    int best = atomic_load_explicit(&known, memory_order_relaxed);
    if (best == SIMD_COUNT) {
        best = best_simd(); /* every thread gets the same result */
        atomic_store_explicit(&known, best, memory_order_relaxed);
    }
    return (int)simd <= best;
}
