#include "riff.h"

#include <stdbool.h>
#include <string.h>

/* Format tags of the `fmt ` chunk (mmreg.h of the Windows SDK). */
enum { TAG_PCM = 0x0001, TAG_FLOAT = 0x0003, TAG_ALAW = 0x0006, TAG_MULAW = 0x0007 };
enum { TAG_EXTENSIBLE = 0xFFFE };

enum {
    CHUNK_HEADER = 8,      /* id, 32-bit size */
    FORMAT_SIZE = 16,      /* `fmt ` as far as the bits per sample, which every form has */
    EXTENSIBLE_SIZE = 40,  /* `fmt ` of WAVE_FORMAT_EXTENSIBLE */
    SUBFORMAT_OFFSET = 24, /* its GUID, which begins with the format tag */
    DS64_SIZE = 28,        /* `ds64` (EBU Tech 3306): three 64-bit sizes and a count */
    DS64_DATA_SIZE = 8,    /* place of the 64-bit size of `data` in it */
};

#define SIZE_UNKNOWN 0xFFFFFFFFu

/* What follows the tag in the GUIDs that stand for plain format tags: KSDATAFORMAT_SUBTYPE_*. */
static const uint8_t SUBFORMAT_TAIL[14] = {0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
                                           0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71};

static uint16_t le16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

static uint32_t le32(const uint8_t *p) { return le16(p) | (uint32_t)le16(p + 2) << 16; }

static uint64_t le64(const uint8_t *p) { return le32(p) | (uint64_t)le32(p + 4) << 32; }

static bool has_id(const uint8_t *p, const char *id) { return memcmp(p, id, 4) == 0; }

/* Chunk ids are four printable ASCII characters. */
static bool looks_like_id(const uint8_t *p) {
    for (int i = 0; i < 4; i++) {
        if (p[i] < 0x20 || p[i] > 0x7E) return false;
    }
    return true;
}

/* Place of the chunk after one whose contents end at `end`. Contents of odd length are followed by
 * a zero byte; some writers leave it out, which shows where a name begins in its place. */
static size_t after_contents(const uint8_t *bytes, size_t size, size_t end) {
    bool even = end % 2 == 0;
    if (even || end >= size) return end;
    bool pad_left_out = bytes[end] != 0 && size - end >= 4 && looks_like_id(bytes + end);
    return pad_left_out ? end : end + 1;
}

/* Whether nothing but whole chunks lies from `at` to the end of the file (one pad byte aside). */
static bool only_chunks_from(const uint8_t *bytes, size_t size, size_t at) {
    while (at < size && size - at >= CHUNK_HEADER) {
        size_t length = le32(bytes + at + 4);
        if (!looks_like_id(bytes + at) || length > size - at - CHUNK_HEADER) return false;
        at = after_contents(bytes, size, at + CHUNK_HEADER + length);
    }
    return at >= size;
}

static bool encoding_of(uint16_t tag, size_t sample_bytes, pcm_encoding *encoding) {
    static const struct {
        uint16_t tag;
        uint8_t sample_bytes;
        pcm_encoding encoding;
    } known[] = {
        {TAG_PCM, 1, PCM_U8},     {TAG_PCM, 2, PCM_S16},    {TAG_PCM, 3, PCM_S24},
        {TAG_PCM, 4, PCM_S32},    {TAG_FLOAT, 4, PCM_F32},  {TAG_FLOAT, 8, PCM_F64},
        {TAG_ALAW, 1, PCM_ALAW},  {TAG_MULAW, 1, PCM_MULAW},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].tag == tag && known[i].sample_bytes == sample_bytes) {
            *encoding = known[i].encoding;
            return true;
        }
    }
    return false;
}

static riff_status read_format(const uint8_t *fmt, size_t size, riff_wav *wav) {
    if (size < FORMAT_SIZE) return RIFF_BAD_FORMAT;
    uint16_t tag = le16(fmt);
    uint16_t num_channels = le16(fmt + 2);
    uint32_t sample_rate = le32(fmt + 4);
    uint16_t frame_bytes = le16(fmt + 12);
    uint16_t bits = le16(fmt + 14);
    if (tag == TAG_EXTENSIBLE) {
        if (size < EXTENSIBLE_SIZE) return RIFF_BAD_FORMAT;
        const uint8_t *subformat = fmt + SUBFORMAT_OFFSET;
        if (memcmp(subformat + 2, SUBFORMAT_TAIL, sizeof SUBFORMAT_TAIL) != 0) {
            return RIFF_OTHER_CODEC;
        }
        tag = le16(subformat);
    }
    if (tag != TAG_PCM && tag != TAG_FLOAT && tag != TAG_ALAW && tag != TAG_MULAW) {
        return RIFF_OTHER_CODEC;
    }
    if (num_channels == 0 || sample_rate == 0) return RIFF_BAD_FORMAT;
    /* Samples of 12 or 20 bits fill the upper part of the next whole bytes, so what counts is the
     * size of the container: bytes per frame by channels. */
    if (frame_bytes == 0 || frame_bytes % num_channels != 0) return RIFF_BAD_FORMAT;
    size_t sample_bytes = frame_bytes / num_channels;
    if (bits > 8 * sample_bytes) return RIFF_BAD_FORMAT;
    if (!encoding_of(tag, sample_bytes, &wav->encoding)) return RIFF_BAD_FORMAT;
    wav->num_channels = num_channels;
    wav->sample_rate = sample_rate;
    return RIFF_OK;
}

/* Where the samples are and how many bytes of them the file announces. */
typedef struct {
    size_t offset;
    uint64_t announced;
    uint64_t present;
} data_chunk;

/* `at` is the place of the contents, `length` the 32-bit size field of `data`. */
static data_chunk measure_data(const uint8_t *bytes, size_t size, size_t at, uint32_t length,
                               uint64_t ds64_length) {
    uint64_t rest = size - at;
    uint64_t announced = length;
    /* Writers that cannot seek back leave 0 or 0xFFFFFFFF: then the samples go on to the end of the
     * file. A 0 followed by nothing but chunks is a file without samples. */
    if (length == SIZE_UNKNOWN) announced = ds64_length ? ds64_length : rest;
    if (length == 0 && !only_chunks_from(bytes, size, at)) announced = rest;
    return (data_chunk){at, announced, announced < rest ? announced : rest};
}

riff_status riff_parse(const uint8_t *bytes, size_t size, riff_wav *wav) {
    if (size < 12 || !has_id(bytes + 8, "WAVE")) return RIFF_NOT_WAV;
    bool long_form = has_id(bytes, "RF64") || has_id(bytes, "BW64");
    if (!long_form && !has_id(bytes, "RIFF")) return RIFF_NOT_WAV;

    const uint8_t *format = NULL;
    size_t format_size = 0;
    uint64_t ds64_length = 0;
    bool have_data = false;
    data_chunk data = {0, 0, 0};
    size_t at = 12;
    while (at < size && size - at >= CHUNK_HEADER && !(format && have_data)) {
        const uint8_t *id = bytes + at;
        uint32_t length = le32(bytes + at + 4);
        size_t contents = at + CHUNK_HEADER;
        size_t there = length < size - contents ? length : size - contents;
        if (has_id(id, "fmt ") && !format) {
            format = bytes + contents;
            format_size = there;
        } else if (has_id(id, "ds64") && long_form && there >= DS64_SIZE) {
            ds64_length = le64(bytes + contents + DS64_DATA_SIZE);
        } else if (has_id(id, "data") && !have_data) {
            data = measure_data(bytes, size, contents, length, ds64_length);
            have_data = true;
            there = (size_t)data.present;
        }
        at = after_contents(bytes, size, contents + there);
    }
    if (!format) return RIFF_NO_FORMAT;
    riff_status status = read_format(format, format_size, wav);
    if (status != RIFF_OK) return status;
    if (!have_data) return RIFF_NO_DATA;

    size_t frame_bytes = pcm_sample_bytes(wav->encoding) * wav->num_channels;
    wav->data_offset = data.offset;
    wav->num_frames = data.present / frame_bytes;
    wav->missing_bytes = data.announced - data.present;
    return RIFF_OK;
}
