#include "digest.h"

#include <string.h>

/* SipHash-c-d with c = 1, d = 3: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 * Each round waits for the one before it, so one hash leaves most of the CPU idle: the two halves
 * of the data are hashed side by side, at twice the speed, and the name is both results. */
typedef struct {
    uint64_t v0, v1, v2, v3;
} sip_state;

static inline uint64_t rotate(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }

static inline uint64_t load64(const uint8_t *p) {
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline void sip_round(sip_state *s) {
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void sip_absorb(sip_state *s, uint64_t word) {
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static sip_state sip_begin(const uint8_t key[DIGEST_KEY_SIZE], uint64_t half) {
    uint64_t k0 = load64(key), k1 = load64(key + 8) ^ half;
    return (sip_state){k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
                       k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
}

/* `rest` is what follows the last whole word, fewer than 8 bytes. */
static uint64_t sip_finish(sip_state *s, const uint8_t *rest, size_t rest_size, uint64_t size) {
    uint64_t word = 0;
    if (rest_size) memcpy(&word, rest, rest_size);
    sip_absorb(s, word | size << 56);
    s->v2 ^= 0xff;
    for (int i = 0; i < 3; i++) sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

void digest(const uint8_t *data, size_t size, const uint8_t key[DIGEST_KEY_SIZE],
            uint8_t name[DIGEST_SIZE]) {
    size_t half = size / 16 * 8; /* bytes in whole words, the same number in each half */
    const uint8_t *second_data = data + half;
    sip_state first = sip_begin(key, 0), second = sip_begin(key, 1);
    for (size_t at = 0; at < half; at += 8) {
        sip_absorb(&first, load64(data + at));
        sip_absorb(&second, load64(second_data + at));
    }
    size_t at = half, end = size - half;
    for (; end - at >= 8; at += 8) sip_absorb(&second, load64(second_data + at));
    uint64_t results[2] = {sip_finish(&first, NULL, 0, size),
                           sip_finish(&second, second_data + at, end - at, size)};
    memcpy(name, results, sizeof results);
}
