/* Changes the sample rate of a sound that comes piece by piece, in memory that does not grow with
 * it; the result is bit for bit that of the whole sound. */
#ifndef LASTWORD_RESAMPLE_STREAM_H
#define LASTWORD_RESAMPLE_STREAM_H

#include "resample_part.h"

struct resample_stream;

/* `rs` must outlive the stream. Return NULL if memory ran out. */
struct resample_stream *resample_stream_new(const struct resampler *rs, enum sample_type type,
                                            size_t channels);
void resample_stream_free(struct resample_stream *stream);

/* Take some of `frames` interleaved frames, at least one if resample_stream_pull has nothing more
 * to give; return how many. */
size_t resample_stream_push(struct resample_stream *stream, const void *in, size_t frames);

/* Say that no more frames come. */
void resample_stream_end(struct resample_stream *stream);

/* Point `*out` to the next interleaved frames, which stay there until the next call for this
 * stream; return how many, or 0 if more input is needed, or after the end. */
size_t resample_stream_pull(struct resample_stream *stream, const void **out);

#endif
