/* riff: finds the format and the samples of a WAV file in memory.
 *
 * Knows the RIFF, RF64 and BW64 containers and the `fmt ` chunk. Reads the caller's bytes in place,
 * allocates nothing, leaves conversions to pcm, and knows no Python.
 */
#ifndef LASTWORD_RIFF_H
#define LASTWORD_RIFF_H

#include <stddef.h>
#include <stdint.h>

#include "pcm.h"

typedef enum {
    RIFF_OK = 0,
    RIFF_NOT_WAV,     /* no RIFF/WAVE, RF64/WAVE or BW64/WAVE at the start */
    RIFF_OTHER_CODEC, /* a WAV whose samples are compressed: another decoder's */
    RIFF_NO_FORMAT,   /* no `fmt ` chunk */
    RIFF_NO_DATA,     /* no `data` chunk */
    RIFF_BAD_FORMAT,  /* a `fmt ` chunk that contradicts itself */
} riff_status;

typedef struct {
    pcm_encoding encoding; /* of plain samples */
    uint32_t num_channels; /* at least 1; for another codec 0, like the next three */
    uint32_t sample_rate;  /* Hz, at least 1 */
    uint64_t num_frames;   /* sample frames that are present */
    size_t format_offset;  /* of the contents of `fmt `, in bytes from the start of the file */
    size_t format_bytes;
    size_t data_offset;     /* of the first sample */
    size_t data_bytes;      /* of samples that are present */
    uint64_t missing_bytes; /* announced by the `data` chunk but absent; 0 if complete */
    size_t end;             /* of this WAV: the file's end, or where something else begins */
} riff_wav;

/* Fill `wav` from the `size` bytes at `bytes`; `wav` is meaningful after RIFF_OK and
 * RIFF_OTHER_CODEC. */
riff_status riff_parse(const uint8_t *bytes, size_t size, riff_wav *wav);

#endif
