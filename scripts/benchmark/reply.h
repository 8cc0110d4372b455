/* An incremental reader and checker of HTTP/1.1 answers from a chat endpoint. No I/O. */
#ifndef BENCH_REPLY_H
#define BENCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLY_HEAD_LIMIT = 8192, REPLY_LINE_PREFIX = 12, REPLY_CARRY = 7 };

enum reply_state { REPLY_HEAD, REPLY_BODY, REPLY_CHUNK_SIZE, REPLY_CHUNK_DATA, REPLY_CHUNK_END, REPLY_TRAILER, REPLY_DONE, REPLY_BAD };

struct reply {
    enum reply_state state;
    int status;
    bool is_stream, closes;            /* text/event-stream; the server will close the connection */
    bool has_usage, has_done;          /* a "usage" member was seen; the line data: [DONE] was seen */
    uint32_t events;                   /* lines that begin with "data:", [DONE] left out */
    uint64_t left;                     /* bytes left of the body or of the current HTTP chunk */
    size_t line_length;                /* of the current HTTP framing line */
    size_t event_line_length;          /* of the current SSE line, counted up to REPLY_LINE_PREFIX */
    char event_line[REPLY_LINE_PREFIX];
    size_t carried;                    /* the end of the body so far, so that words cut by a read are found */
    char carry[REPLY_CARRY];
    size_t head_length;
    char head[REPLY_HEAD_LIMIT + 1];   /* the head, zero-terminated; of an answer that is not 200 also its body */
};

void reply_reset(struct reply *r);

/* Reads bytes until they end or the answer does; returns how many were used. */
size_t reply_feed(struct reply *r, const char *bytes, size_t length);

/* A whole answer that asks to come back later: 503 with retry-after. */
bool reply_is_refusal(const struct reply *r);

/* NULL for a whole and right answer, otherwise what is wrong with it. */
const char *reply_fault(const struct reply *r, bool wants_stream, uint32_t wanted_events);

#endif
