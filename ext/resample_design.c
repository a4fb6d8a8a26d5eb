/* Designs Kaiser-windowed sinc filters, given by their frequency response or by their taps. */
#include "resample_design.h"

#include <math.h>
#include <stdlib.h>

/* J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", 1974:
 * beta for a stop band of A dB. The low-pass has 140, the interpolator's taps have room for 128. */
#define KAISER_BETA(A) (0.1102 * ((A) - 8.7))
#define BETA KAISER_BETA(140.0)
#define TAP_BETA KAISER_BETA(128.0)
/* From the middle of the transition to either end of it, times the filter's length. */
#define HALF_TRANSITION 4.74
/* This far below the middle, the pass band's ripple is under a float's rounding. */
#define HALF_RIPPLE 6.5
/* Points of the quadrature over half of the filter, whose error is the response at the frequencies
 * around 2 x 228 / length: the stop band begins at 109 / length. */
enum { POINTS = 228 };

/* The modified Bessel function of order 0, by its power series. */
static double bessel_i0(double x) {
    double sum = 1, term = 1;
    for (int k = 1; term > sum * 1e-17; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

/* Kaiser's window over -1 .. 1. */
static double window(double beta, double u) {
    return fabs(u) < 1 ? bessel_i0(beta * sqrt(1 - u * u)) / bessel_i0(beta) : 0;
}

/* The response at u / length is the integral of impulse(t) cos(2 pi u t) over the filter; the
 * midpoint rule sums it for all frequencies at once, the cosines by their recurrence
 * cos((i + 1) w) = 2 cos(w) cos(i w) - cos((i - 1) w). */
static int integrate(double first, double step, int count, double *gain) {
    const double middle = 0.5 * FILTER_PERIODS - HALF_TRANSITION;
    double *turn = malloc(sizeof(double) * 3 * (size_t)(count > 0 ? count : 1));
    if (!turn) return -1;
    double *now = turn + count, *before = now + count;
    for (int f = 0; f < count; f++) {
        const double w = M_PI * (first + f * step) / POINTS;
        turn[f] = 2 * cos(w);
        now[f] = before[f] = cos(w / 2);
        gain[f] = 0;
    }
    for (int i = 0; i < POINTS; i++) {
        const double t = (i + 0.5) / (2 * POINTS);
        const double impulse =
            window(BETA, 2 * t) * sin(2 * M_PI * middle * t) / (M_PI * t * POINTS);
        for (int f = 0; f < count; f++) {
            const double next = turn[f] * now[f] - before[f];
            gain[f] += impulse * now[f];
            before[f] = now[f];
            now[f] = next;
        }
    }
    free(turn);
    return 0;
}

int filter_response(double step, int count, double *gain) {
    const double pass = 0.5 - (HALF_TRANSITION + HALF_RIPPLE) / FILTER_PERIODS;
    int first = 0, end = 0;
    for (; first < count && first * step <= pass; first++) gain[first] = 1;
    for (end = first; end < count && end * step < 0.5; end++) {
    }
    for (int k = end; k < count; k++) gain[k] = 0;
    return integrate(first * step * FILTER_PERIODS, step * FILTER_PERIODS, end - first,
                     gain + first);
}

/* The interpolator's impulse response at t samples: what it gets is empty from 0.222 of its rate
 * to 0.778, so that 16 taps reach 128 dB (Kaiser: 8 + 2.285 x 15 x 2 pi x 0.556 = 128 dB). */
static double tap(double t) {
    const double sinc = fabs(t) < 1e-9 ? 1 : sin(M_PI * t) / (M_PI * t);
    return sinc * window(TAP_BETA, 2 * t / TAPS);
}

void interpolation_bank(phase bank[PHASES]) {
    for (int k = 0; k < TAPS; k++) {
        double y[PHASES + 3]; /* the tap at the phases -1 .. PHASES + 1 */
        for (int p = 0; p < PHASES + 3; p++) y[p] = tap((p - 1.0) / PHASES + TAPS / 2 - 1 - k);
        for (int p = 0; p < PHASES; p++) {
            /* Lagrange's cubic through y[p] .. y[p + 3], which lie at t = -1, 0, 1, 2. */
            const double a = y[p], b = y[p + 1], c = y[p + 2], d = y[p + 3];
            bank[p][0][k] = (float)b;
            bank[p][1][k] = (float)(c - b / 2 - a / 3 - d / 6);
            bank[p][2][k] = (float)((a + c) / 2 - b);
            bank[p][3][k] = (float)((b - c) / 2 + (d - a) / 6);
        }
    }
}
