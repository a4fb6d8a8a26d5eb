#include "pcm.h"

#include <string.h>

/* File formats and AudioFrame are little-endian, as is every CPU that livekit has wheels for. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "lastword supports little-endian CPUs only"
#endif

size_t pcm_sample_bytes(pcm_encoding encoding) {
    switch (encoding) {
        case PCM_U8:
        case PCM_ALAW:
        case PCM_MULAW: return 1;
        case PCM_S16: return 2;
        case PCM_S24: return 3;
        case PCM_S32:
        case PCM_F32: return 4;
        case PCM_F64: return 8;
    }
    return 1;
}

/* G.711 codes are sign, 3 bits of exponent, 4 bits of mantissa; the values are in 16-bit steps as
 * libsndfile and the tables of G.711 scaled to 16 bits have them. */
static int alaw_value(uint8_t code) {
    code ^= 0x55; /* even bits are inverted on the wire */
    int exponent = code >> 4 & 7;
    int value = (code & 15) * 16 + 8;
    if (exponent > 0) value = (value + 256) << (exponent - 1);
    return code & 0x80 ? value : -value;
}

static int mulaw_value(uint8_t code) {
    code = (uint8_t)~code; /* all bits are inverted on the wire */
    int exponent = code >> 4 & 7;
    int value = ((((code & 15) << 3) + 132) << exponent) - 132;
    return code & 0x80 ? -value : value;
}

static void decode_table(const uint8_t *in, int (*value_of)(uint8_t), float *out, size_t count) {
    float table[256];
    for (int code = 0; code < 256; code++) table[code] = (float)value_of((uint8_t)code) / 32768.0f;
    for (size_t i = 0; i < count; i++) out[i] = table[in[i]];
}

static void decode_s24(const uint8_t *in, float *out, size_t count) {
    for (size_t i = 0; i < count; i++, in += 3) {
        uint32_t top = (uint32_t)in[0] << 8 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 24;
        out[i] = (float)(int32_t)top * 0x1p-31f;
    }
}

/* The offset of `data` is any byte of the file, so samples are loaded by memcpy, which compiles to
 * an unaligned load. */
#define DECODE(type, expression)                 \
    for (size_t i = 0; i < count; i++) {         \
        type x;                                  \
        memcpy(&x, in + i * sizeof x, sizeof x); \
        out[i] = (expression);                   \
    }                                            \
    return

void pcm_to_float(const uint8_t *in, pcm_encoding encoding, float *out, size_t count) {
    switch (encoding) {
        case PCM_U8: DECODE(uint8_t, (float)(x - 128) * 0x1p-7f);
        case PCM_S16: DECODE(int16_t, (float)x * 0x1p-15f);
        case PCM_S24: decode_s24(in, out, count); return;
        case PCM_S32: DECODE(int32_t, (float)x * 0x1p-31f);
        case PCM_F32: memcpy(out, in, count * sizeof *out); return;
        case PCM_F64: DECODE(double, (float)x);
        case PCM_ALAW: decode_table(in, alaw_value, out, count); return;
        case PCM_MULAW: decode_table(in, mulaw_value, out, count); return;
    }
}

bool pcm_all_finite(const float *in, size_t count) {
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, in + i, sizeof bits);
        bad |= (bits & 0x7F800000u) == 0x7F800000u; /* an exponent of all ones: infinity or NaN */
    }
    return bad == 0;
}

/* Comparing floats may raise exceptions of the FPU, which keeps GCC from vectorising the loop; so
 * the magnitude is compared and clamped as the integer that its bits are: the order is the same. */
static uint32_t piece_to_int16(const float *in, int16_t *out, size_t count) {
    enum { SIGN = INT32_MIN, FULL_SCALE = 0x47000000 /* the bits of 32768.0f */ };
    /* In [2^23, 2^24) a float has no bits left for a fraction: adding 1.5 * 2^23 rounds half to
     * even, as the CPU's default rounding does, and leaves the integer in the low bits. It
     * vectorises on every instruction set, which lrintf does not. */
    enum { ROUNDER = 0x4B400000 /* the bits of 0x1.8p23f */ };
    uint32_t clipped = 0;
    for (size_t i = 0; i < count; i++) {
        float x = in[i] * 32768.0f;
        int32_t bits;
        memcpy(&bits, &x, sizeof bits);
        int32_t magnitude = bits & ~SIGN;
        clipped += magnitude > FULL_SCALE;
        magnitude = magnitude > FULL_SCALE ? FULL_SCALE : magnitude;
        bits = magnitude | (bits & SIGN);
        memcpy(&x, &bits, sizeof x);
        x += 0x1.8p23f;
        memcpy(&bits, &x, sizeof bits);
        bits -= ROUNDER;
        out[i] = (int16_t)(bits > INT16_MAX ? INT16_MAX : bits);
    }
    return clipped;
}

size_t pcm_to_int16(const float *in, int16_t *out, size_t count) {
    enum { PIECE = 4096 }; /* counted in 32 bits, as wide as the samples: no lane is widened */
    size_t clipped = 0;
    for (size_t done = 0; done < count; done += PIECE) {
        size_t left = count - done;
        clipped += piece_to_int16(in + done, out + done, left < PIECE ? left : PIECE);
    }
    return clipped;
}

void pcm_mix_f32(const float *in, size_t channels, float *out, size_t frames) {
    if (channels == 2) {
        for (size_t i = 0; i < frames; i++) out[i] = (in[2 * i] + in[2 * i + 1]) * 0.5f;
        return;
    }
    for (size_t i = 0; i < frames; i++) {
        double sum = 0.0;
        for (size_t c = 0; c < channels; c++) sum += in[i * channels + c];
        out[i] = (float)(sum / (double)channels);
    }
}

void pcm_mix_s16(const int16_t *in, size_t channels, float *out, size_t frames) {
    if (channels == 2) {
        for (size_t i = 0; i < frames; i++) {
            out[i] = (float)((int)in[2 * i] + (int)in[2 * i + 1]) * 0x1p-16f;
        }
        return;
    }
    for (size_t i = 0; i < frames; i++) {
        double sum = 0.0;
        for (size_t c = 0; c < channels; c++) sum += in[i * channels + c];
        out[i] = (float)(sum / (double)channels * 0x1p-15);
    }
}

void pcm_spread_int16(int16_t *buffer, size_t channels, size_t frames) {
    for (size_t i = frames; i-- > 0;) { /* from the end, so that nothing unread is overwritten */
        int16_t x = buffer[i];
        for (size_t c = 0; c < channels; c++) buffer[i * channels + c] = x;
    }
}
