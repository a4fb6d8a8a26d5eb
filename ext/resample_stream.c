/* Keeps of each channel the inputs that the next outputs depend on. */
#include "resample_stream.h"

#include <stdlib.h>
#include <string.h>

#include "resample.h"

/* So many parts fit into a window: what is still needed moves to its start once per that many. */
enum { PARTS_PER_WINDOW = 4 };

struct resample_stream {
    const struct resampler *rs;
    enum sample_type type;
    size_t channels;
    struct workspace work;
    char *windows;     /* (channels, room): the inputs from `first` on */
    char *result;      /* one channel of a part */
    char *interleaved; /* a part of all channels; the same as `result` if there is one channel */
    size_t room, first, given, done; /* given: inputs so far; done: outputs so far */
    bool ended;
};

static size_t out_room(const struct resampler *rs) {
    const size_t first = part_end(rs, 0), second = part_end(rs, first) - first;
    return first > second ? first : second;
}

/* No part needs more inputs than this. */
static size_t in_room(const struct resampler *rs) {
    size_t room = 0;
    for (size_t from = 0, parts = 0; parts < 3; parts++) { /* the third and all later ones alike */
        size_t first, end;
        const size_t to = part_end(rs, from);
        part_inputs(rs, from, to, &first, &end);
        if (end - first > room) room = end - first;
        from = to;
    }
    return room +
           4 * (size_t)rs->blocks.in_hop; /* awkward ratios: parts begin anywhere in a block */
}

struct resample_stream *resample_stream_new(const struct resampler *rs, enum sample_type type,
                                            size_t channels) {
    struct resample_stream *stream = calloc(1, sizeof *stream);
    if (!stream) return NULL;
    const size_t size = sample_size(type), room = PARTS_PER_WINDOW * in_room(rs);
    const size_t results = out_room(rs);
    stream->rs = rs;
    stream->type = type;
    stream->channels = channels;
    stream->room = room;
    int failed = workspace_init(&stream->work, rs);
    if (channels && channels <= PTRDIFF_MAX / size / (room + results)) {
        stream->windows = alloc_vectors(room * channels, size);
        stream->result = alloc_vectors(results, size);
        stream->interleaved =
            channels == 1 ? stream->result : alloc_vectors(results * channels, size);
    }
    if (failed || !stream->windows || !stream->result || !stream->interleaved) {
        resample_stream_free(stream);
        return NULL;
    }
    return stream;
}

void resample_stream_free(struct resample_stream *stream) {
    if (!stream) return;
    workspace_free(&stream->work);
    free(stream->windows);
    if (stream->interleaved != stream->result) free(stream->interleaved);
    free(stream->result);
    free(stream);
}

static char *window_of(const struct resample_stream *stream, size_t channel) {
    return stream->windows + channel * stream->room * sample_size(stream->type);
}

/* Forget the inputs before `first`. */
static void forget(struct resample_stream *stream, size_t first) {
    const size_t size = sample_size(stream->type), kept = stream->given - first;
    for (size_t c = 0; c < stream->channels; c++) {
        char *window = window_of(stream, c);
        memmove(window, window + (first - stream->first) * size, kept * size);
    }
    stream->first = first;
}

size_t resample_stream_push(struct resample_stream *stream, const void *in, size_t frames) {
    const size_t size = sample_size(stream->type);
    size_t held = stream->given - stream->first;
    if (held == stream->room) {
        size_t first, end;
        part_inputs(stream->rs, stream->done, part_end(stream->rs, stream->done), &first, &end);
        if (first > stream->first) forget(stream, first < stream->given ? first : stream->given);
        held = stream->given - stream->first;
    }
    if (frames > stream->room - held) frames = stream->room - held;
    for (size_t c = 0; c < stream->channels; c++) {
        const char *from = (const char *)in + c * size;
        char *to = window_of(stream, c) + held * size;
        if (stream->channels == 1)
            memcpy(to, from, frames * size);
        else
            take_channel(stream->type, from, stream->channels, to, 1, frames);
    }
    stream->given += frames;
    return frames;
}

void resample_stream_end(struct resample_stream *stream) {
    stream->ended = true;
}

size_t resample_stream_pull(struct resample_stream *stream, const void **out) {
    size_t first, end, to = part_end(stream->rs, stream->done);
    part_inputs(stream->rs, stream->done, to, &first, &end);
    if (stream->ended) {
        const size_t length = resampler_length(stream->rs, stream->given);
        if (to > length) to = length;
    } else if (end > stream->given) {
        return 0;
    }
    if (to <= stream->done) return 0;
    const struct sound result = {stream->type, stream->result, (ptrdiff_t)stream->done,
                                 to - stream->done, false};
    for (size_t c = 0; c < stream->channels; c++) {
        const struct sound in = {stream->type, window_of(stream, c), (ptrdiff_t)stream->first,
                                 stream->given - stream->first, stream->ended};
        resample_part(stream->rs, &in, &result, &stream->work);
        if (stream->channels > 1)
            take_channel(stream->type, stream->result, 1,
                         stream->interleaved + c * sample_size(stream->type), stream->channels,
                         result.count);
    }
    *out = stream->interleaved;
    stream->done = to;
    return result.count;
}
