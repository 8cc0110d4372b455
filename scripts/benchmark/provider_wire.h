/* What upstream says and understands: OpenAI-shaped texts and the few facts of a request that shape its answer. No I/O. */
#ifndef BENCH_PROVIDER_WIRE_H
#define BENCH_PROVIDER_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

struct text { char *bytes; size_t length; };

struct request {
    bool is_post, wants_stream, expects_continue;
    uint32_t chunks, size, interval_us;
};

/* One SSE answer under way. */
struct stream {
    bool active;
    uint32_t chunks_sent, chunks, size;
    uint64_t interval_ns;
    uint64_t phase;                    /* once added to the first interval, so that streams begun together do not stay in step */
    struct text text;
};

/* The size of the whole first request in the bytes, 0 while it is incomplete, -1 when it cannot be served. */
ssize_t request_parse(const char *bytes, size_t length, struct request *r);

void stream_begin(struct stream *s, const struct request *r);

/* Leaves the next write in `text`, clears `active` with the last; returns how long after it the next one follows, ns. */
uint64_t stream_next(struct stream *s);

struct text completion_text(size_t body_bytes);   /* a whole HTTP reply whose body has this many bytes (at least 330) */
struct text model_list_text(void);

/* A benchmark without memory has nothing to report. */
static inline void *checked(void *memory) {
    if (memory) return memory;
    fputs("out of memory\n", stderr);
    exit(3);
}

#endif
