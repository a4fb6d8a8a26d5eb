/* digest: names contents of any length by 16 bytes, so that equal sounds are kept once.
 *
 * A keyed hash: without the key nobody can make two contents with the same name. It is no signature
 * and is not meant to leave the process. Knows no sound and no Python.
 */
#ifndef LASTWORD_DIGEST_H
#define LASTWORD_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BLOCK = 1024, DIGEST_KEY_SIZE = DIGEST_BLOCK + 16, DIGEST_SIZE = 16 };

void digest(const uint8_t *data, size_t size, const uint8_t key[DIGEST_KEY_SIZE],
            uint8_t name[DIGEST_SIZE]);

#endif
