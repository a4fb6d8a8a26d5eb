/* The kernel for every CPU: on x86-64 this is SSE2, on AArch64 NEON. */
#define LANES 4
#define KERNEL kernel_portable
#include "resample_kernel.inc"
