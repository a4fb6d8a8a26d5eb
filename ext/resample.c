/* A windowed-sinc resampler, written out as the sum it is: one row of taps per output phase. */
#include "resample.h"

#include <math.h>
#include <stdlib.h>

/* Kaiser's window for 126 dB of stop band: beta = 0.1102 (A - 8.7) (Kaiser 1974). */
#define KAISER_BETA (0.1102 * (126.0 - 8.7))
/* Length of the filter in periods of the lower rate: its response is flat within 0.01 dB up to
 * 0.913 of the lower Nyquist frequency and in the stop band from 1.0, as soxr's HQ. */
#define FILTER_PERIODS 171.38
/* The middle of the transition, in units of the lower rate; the stop band begins at 0.5. */
#define CUTOFF (0.5 - 4.265 / FILTER_PERIODS)

struct bank {
    size_t up, down;    /* out_rate and in_rate without their common divisor */
    size_t rows, taps;  /* one row per phase that occurs: output j uses row j % rows */
    long before;        /* input samples that a row reaches back from its own position */
    double *row;        /* (rows, taps) */
};

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > sum * 1e-17; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

/* The filter's value at time `t`, counted in periods of the lower rate. */
static double impulse(double t)
{
    double u = 2 * t / FILTER_PERIODS, angle = 2 * M_PI * CUTOFF * t;
    if (fabs(u) >= 1)
        return 0;
    double sinc = fabs(angle) < 1e-9 ? 1 : sin(angle) / angle;
    return 2 * CUTOFF * sinc * bessel_i0(KAISER_BETA * sqrt(1 - u * u)) / bessel_i0(KAISER_BETA);
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

size_t lw_resample_length(size_t frames, uint32_t in_rate, uint32_t out_rate)
{
    unsigned __int128 n = ((unsigned __int128)frames * 2 * out_rate + in_rate) / (2ull * in_rate);
    return n > PTRDIFF_MAX ? SIZE_MAX : (size_t)n;
}

static int bank_init(struct bank *bank, size_t outputs, uint32_t in_rate, uint32_t out_rate)
{
    uint32_t divisor = common_divisor(in_rate, out_rate);
    bank->up = out_rate / divisor;
    bank->down = in_rate / divisor;
    double scale = in_rate > out_rate ? (double)out_rate / in_rate : 1; /* lower rate / in_rate */
    bank->before = (long)ceil(FILTER_PERIODS / 2 / scale);
    bank->taps = 2 * (size_t)bank->before + 1;
    bank->rows = outputs < bank->up ? outputs : bank->up;
    size_t bytes;
    if (__builtin_mul_overflow(bank->rows * sizeof(double), bank->taps, &bytes))
        return -1;
    bank->row = malloc(bytes ? bytes : 1);
    if (!bank->row)
        return -1;
    for (size_t r = 0; r < bank->rows; r++) {
        double fraction = (double)((unsigned __int128)r * bank->down % bank->up) / (double)bank->up;
        for (size_t k = 0; k < bank->taps; k++)
            bank->row[r * bank->taps + k] =
                scale * impulse(scale * (fraction + (double)bank->before - (double)k));
    }
    return 0;
}

static void store_f32(float *to, double value)
{
    *to = (float)value;
}

static void store_s16(int16_t *to, double value)
{
    *to = (int16_t)lrint(fmin(fmax(value, -32768), 32767)); /* half to even, saturated */
}

#define DEFINE_RESAMPLE(SUFFIX, SAMPLE)                                                            \
    int lw_resample_##SUFFIX(const SAMPLE *in, size_t frames, size_t channels, uint32_t in_rate,   \
                             uint32_t out_rate, SAMPLE *out)                                       \
    {                                                                                              \
        size_t outputs = lw_resample_length(frames, in_rate, out_rate);                            \
        struct bank bank;                                                                          \
        if (bank_init(&bank, outputs, in_rate, out_rate))                                          \
            return -1;                                                                             \
        for (size_t j = 0; j < outputs; j++) {                                                     \
            ptrdiff_t first = (ptrdiff_t)((unsigned __int128)j * bank.down / bank.up) -            \
                              bank.before;                                                         \
            size_t from = first < 0 ? (size_t)-first : 0;                                          \
            size_t to = first + (ptrdiff_t)bank.taps > (ptrdiff_t)frames                           \
                            ? (size_t)((ptrdiff_t)frames - first)                                  \
                            : bank.taps;                                                           \
            const double *row = bank.row + j % bank.rows * bank.taps;                              \
            for (size_t c = 0; c < channels; c++) {                                                \
                double sum = 0;                                                                    \
                for (size_t k = from; k < to; k++)                                                 \
                    sum += row[k] * in[(size_t)(first + (ptrdiff_t)k) * channels + c];             \
                store_##SUFFIX(&out[j * channels + c], sum);                                       \
            }                                                                                      \
        }                                                                                          \
        free(bank.row);                                                                            \
        return 0;                                                                                  \
    }

DEFINE_RESAMPLE(f32, float)
DEFINE_RESAMPLE(s16, int16_t)
