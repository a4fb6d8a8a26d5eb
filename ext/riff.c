#include "riff.h"

#include <stdbool.h>
#include <string.h>

/* Format tags of the `fmt ` chunk (mmreg.h of the Windows SDK). */
enum { TAG_PCM = 0x0001, TAG_FLOAT = 0x0003, TAG_ALAW = 0x0006, TAG_MULAW = 0x0007 };
enum { TAG_EXTENSIBLE = 0xFFFE };

enum {
    RIFF_HEADER = 12,      /* "RIFF", 32-bit size, "WAVE" */
    CHUNK_HEADER = 8,      /* id, 32-bit size */
    FORMAT_SIZE = 16,      /* `fmt ` up to the bits per sample, which every form has */
    EXTENSIBLE_SIZE = 40,  /* `fmt ` of WAVE_FORMAT_EXTENSIBLE */
    SUBFORMAT_OFFSET = 24, /* its GUID, which begins with the format tag */
    DS64_SIZE = 28,        /* `ds64` (EBU Tech 3306): three 64-bit sizes and a count */
    DS64_DATA_SIZE = 8,    /* place of the 64-bit size of `data` in it */
};

#define SIZE_UNKNOWN 0xFFFFFFFFu

/* Writers into a pipe may also leave sizes around 2 GiB: 0x7FFFFFFF, 0x7FFFF000 (sox), 0x80000000
 * (arecord), 0xFFFFFFFF less a header. If a file is shorter than that, nothing is missing. */
#define PLACEHOLDER_MIN 0x7FFF0000u

enum { MAX_CHUNKS_BEHIND = 64 }; /* behind open-ended samples: bounds the search for them */

/* What follows the tag in the GUIDs that stand for plain format tags: KSDATAFORMAT_SUBTYPE_*. */
static const uint8_t SUBFORMAT_TAIL[14] = {0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
                                           0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71};

static uint16_t le16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p) {
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p) {
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

static bool has_id(const uint8_t *p, const char *id) {
    return memcmp(p, id, 4) == 0;
}

/* Chunk ids are four printable ASCII characters. */
static bool looks_like_id(const uint8_t *p) {
    for (int i = 0; i < 4; i++) {
        if (p[i] < 0x20 || p[i] > 0x7E) return false;
    }
    return true;
}

/* Place of the chunk after one whose contents end at `end`. Contents of odd length are followed by
 * a zero byte; some writers leave it out, which shows if a chunk id begins there. */
static size_t after_contents(const uint8_t *bytes, size_t size, size_t end) {
    bool even = end % 2 == 0;
    if (even || end >= size) return end;
    bool pad_left_out = bytes[end] != 0 && size - end >= 4 && looks_like_id(bytes + end);
    return pad_left_out ? end : end + 1;
}

/* Whether nothing but whole chunks, and not too many, lies from `at` to the end of the file (one
 * pad byte aside). */
static bool only_chunks_from(const uint8_t *bytes, size_t size, size_t at) {
    int chunks = 0;
    while (at < size && size - at >= CHUNK_HEADER) {
        size_t length = le32(bytes + at + 4);
        if (!looks_like_id(bytes + at) || length > size - at - CHUNK_HEADER) return false;
        if (++chunks > MAX_CHUNKS_BEHIND) return false;
        at = after_contents(bytes, size, at + CHUNK_HEADER + length);
    }
    return at >= size;
}

/* Whether a WAV file begins at `at`. */
static bool begins_wav(const uint8_t *bytes, size_t size, size_t at) {
    if (at > size || size - at < RIFF_HEADER || !has_id(bytes + at + 8, "WAVE")) return false;
    return has_id(bytes + at, "RIFF") || has_id(bytes + at, "RF64") || has_id(bytes + at, "BW64");
}

/* Find where the next WAV file begins from `from` on, or the end of this one. */
static size_t next_wav(const uint8_t *bytes, size_t size, size_t from) {
    const size_t mark_offset = 8; /* of "WAVE", behind "RIFF" and the size */
    size_t at = from + mark_offset;
    while (at < size) {
        const uint8_t *mark = memchr(bytes + at, 'W', size - at);
        if (!mark) break;
        at = (size_t)(mark - bytes);
        if (begins_wav(bytes, size, at - mark_offset)) return at - mark_offset;
        at++;
    }
    return size;
}

/* Where the chunks behind open-ended samples begin, or the end. Four printable characters and a
 * length that leads exactly to the end do not occur in samples by chance. */
static size_t chunks_behind(const uint8_t *bytes, size_t size, size_t at) {
    for (; at < size && size - at >= CHUNK_HEADER; at++) {
        if (looks_like_id(bytes + at) && only_chunks_from(bytes, size, at)) return at;
    }
    return size;
}

static bool encoding_of(uint16_t tag, size_t sample_bytes, pcm_encoding *encoding) {
    static const struct {
        uint16_t tag;
        uint8_t sample_bytes;
        pcm_encoding encoding;
    } known[] = {
        {TAG_PCM, 1, PCM_U8},    {TAG_PCM, 2, PCM_S16},     {TAG_PCM, 3, PCM_S24},
        {TAG_PCM, 4, PCM_S32},   {TAG_FLOAT, 4, PCM_F32},   {TAG_FLOAT, 8, PCM_F64},
        {TAG_ALAW, 1, PCM_ALAW}, {TAG_MULAW, 1, PCM_MULAW},
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
    uint64_t announced = length == SIZE_UNKNOWN && ds64_length ? ds64_length : length;
    bool too_long = announced > size - at;
    /* Writers that cannot seek back leave 0 or a placeholder: then the samples reach to the end of
     * the file. A 0 followed by nothing but chunks is a file without samples. */
    bool open_ended =
        length == 0 ? !only_chunks_from(bytes, size, at) : too_long && announced >= PLACEHOLDER_MIN;
    size_t end = open_ended || too_long ? next_wav(bytes, size, at) : size;
    if (open_ended) end = chunks_behind(bytes, end, at);
    uint64_t rest = end - at;
    if (open_ended) announced = rest;
    return (data_chunk){at, announced, announced < rest ? announced : rest};
}

/* The chunks of one WAV file. */
typedef struct {
    const uint8_t *format;
    size_t format_bytes;
    bool have_data;
    data_chunk data;
    size_t end;
} chunks;

/* Whether a WAV whose samples were found goes on at `at`: after the end that it declares only
 * with chunks, which careless programs append; before it with a whole chunk. */
static bool goes_on(const uint8_t *bytes, size_t size, size_t at, const data_chunk *data) {
    uint64_t told_end = CHUNK_HEADER + (uint64_t)le32(bytes + 4);
    bool is_told = told_end >= data->offset + data->present;
    if (is_told && at >= told_end) return only_chunks_from(bytes, size, at);
    return looks_like_id(bytes + at) && le32(bytes + at + 4) <= size - at - CHUNK_HEADER;
}

static chunks find_chunks(const uint8_t *bytes, size_t size) {
    chunks found = {0};
    bool long_form = !has_id(bytes, "RIFF");
    uint64_t ds64_length = 0;
    size_t at = RIFF_HEADER;
    while (at < size && size - at >= CHUNK_HEADER && !begins_wav(bytes, size, at)) {
        const uint8_t *id = bytes + at;
        uint32_t length = le32(bytes + at + 4);
        size_t contents = at + CHUNK_HEADER;
        if (found.format && found.have_data && !goes_on(bytes, size, at, &found.data)) break;
        size_t there = length < size - contents ? length : size - contents;
        if (has_id(id, "fmt ") && !found.format) {
            found.format = bytes + contents;
            found.format_bytes = there;
        } else if (has_id(id, "ds64") && long_form && there >= DS64_SIZE) {
            ds64_length = le64(bytes + contents + DS64_DATA_SIZE);
        } else if (has_id(id, "data") && !found.have_data) {
            found.data = measure_data(bytes, size, contents, length, ds64_length);
            found.have_data = true;
            there = (size_t)found.data.present;
        }
        at = after_contents(bytes, size, contents + there);
    }
    /* Anything too short for a chunk is padding. */
    found.end = size - at < CHUNK_HEADER ? size : at;
    return found;
}

riff_status riff_parse(const uint8_t *bytes, size_t size, riff_wav *wav) {
    if (!begins_wav(bytes, size, 0)) return RIFF_NOT_WAV;
    chunks found = find_chunks(bytes, size);
    if (!found.format) return RIFF_NO_FORMAT;
    *wav = (riff_wav){0};
    riff_status status = read_format(found.format, found.format_bytes, wav);
    if (status != RIFF_OK && status != RIFF_OTHER_CODEC) return status;
    if (!found.have_data) return RIFF_NO_DATA;

    wav->format_offset = (size_t)(found.format - bytes);
    wav->format_bytes = found.format_bytes;
    wav->data_offset = found.data.offset;
    wav->data_bytes = (size_t)found.data.present;
    wav->missing_bytes = found.data.announced - found.data.present;
    wav->end = found.end;
    if (status == RIFF_OK) {
        wav->num_frames = wav->data_bytes / (pcm_sample_bytes(wav->encoding) * wav->num_channels);
    }
    return status;
}
