/* Designs the resampler's low-pass and its interpolator's filter bank; see docs/resampling.md. */
#ifndef LASTWORD_RESAMPLE_DESIGN_H
#define LASTWORD_RESAMPLE_DESIGN_H

/* Length of the low-pass in periods of the lower rate. Its transition reaches from 0.913 to 1.0 of
 * the lower Nyquist frequency, as that of soxr's HQ: 2 x 4.74 / (0.087 / 2), where the response of
 * the window is down 140 dB at 4.74 / length from the middle of the transition. */
#define FILTER_PERIODS 217.9

/* The low-pass at the frequencies 0, step, 2 step, ... in units of the lower rate: 1 in the pass
 * band, 0 from 0.5 on. Return 0, or -1 if memory ran out. */
int filter_response(double step, int count, double *gain);

/* The interpolator of awkward ratios: 16 taps between which 128 cubics run. Tap k of an output at
 * the fraction (p + t) / 128 between two samples is bank[p][0][k] + t (bank[p][1][k] + ...). */
enum { TAPS = 16, PHASES = 128 };
typedef float phase[4][TAPS];
void interpolation_bank(phase bank[PHASES]);

#endif
