#define _GNU_SOURCE
#include "provider_wire.h"

#include <string.h>
#include <strings.h>

enum { PHASES = 64, MAX_CHUNKS = 10000000, MAX_CHUNK_BYTES = 65536, MAX_BODY = 4 << 20 };

/* — reading — */

/* The value of one header in a head that ends with an empty line, or NULL. */
static const char *header(const char *head, size_t length, const char *name) {
    size_t name_length = strlen(name);
    const char *end = head + length;
    for (const char *line = memchr(head, '\n', length); line && (size_t)(end - ++line) > name_length + 1;
         line = memchr(line, '\n', (size_t)(end - line))) {
        if (line[name_length] != ':' || strncasecmp(line, name, name_length)) continue;
        for (line += name_length + 1; *line == ' '; line++) {}
        return line;
    }
    return NULL;
}

static uint32_t number_after(const char *body, size_t length, const char *name, uint32_t otherwise, uint32_t limit) {
    const char *found = memmem(body, length, name, strlen(name)), *end = body + length;
    if (!found) return otherwise;
    uint64_t value = 0;
    for (found += strlen(name); found < end && *found >= '0' && *found <= '9' && value <= limit; found++)
        value = 10 * value + (uint64_t)(*found - '0');
    return value > limit ? limit : (uint32_t)value;
}

static bool has(const char *body, size_t length, const char *word) {
    return memmem(body, length, word, strlen(word)) != NULL;
}

ssize_t request_parse(const char *bytes, size_t length, struct request *r) {
    const char *empty_line = memmem(bytes, length, "\r\n\r\n", 4);
    if (!empty_line) return 0;
    size_t head = (size_t)(empty_line - bytes) + 4, body = 0;
    r->is_post = !memcmp(bytes, "POST ", 5);
    const char *declared = header(bytes, head, "content-length");
    if (declared) body = strtoul(declared, NULL, 10);
    if (body > MAX_BODY || header(bytes, head, "transfer-encoding")) return -1;
    if (length < head + body) {
        r->expects_continue = length == head && header(bytes, head, "expect");
        return 0;
    }
    const char *json = bytes + head;
    r->wants_stream = has(json, body, "\"stream\":true") || has(json, body, "\"stream\": true");
    if (r->wants_stream) {
        r->chunks = number_after(json, body, "chunks=", 200, MAX_CHUNKS);
        r->size = number_after(json, body, "size=", 200, MAX_CHUNK_BYTES);
        r->interval_us = number_after(json, body, "interval_us=", 0, 3600000000u);
    }
    return (ssize_t)(head + body);
}

/* — plain answers — */

static struct text reply_with(const char *body, size_t length) {
    struct text reply = {checked(malloc(length + 256)), 0};
    reply.length = (size_t)sprintf(reply.bytes, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n", length);
    memcpy(reply.bytes + reply.length, body, length);
    reply.length += length;
    return reply;
}

struct text completion_text(size_t body_bytes) {
    static const char before[] =
        "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"";
    static const char after[] =
        "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":72,"
        "\"completion_tokens\":96,\"total_tokens\":168,\"prompt_tokens_details\":{\"cached_tokens\":0},"
        "\"completion_tokens_details\":{\"reasoning_tokens\":0}},\"system_fingerprint\":\"fp_bench\"}";
    static const char prose[] = "Keep the connection open and reuse it; a handshake costs more than the request it carries. ";
    size_t frame = sizeof before + sizeof after - 2, total = body_bytes > frame ? body_bytes : frame;
    char *body = checked(malloc(total + 1)), *at = body;
    at = mempcpy(at, before, sizeof before - 1);
    for (size_t i = 0; i < total - frame; i++) *at++ = prose[i % (sizeof prose - 1)];
    memcpy(at, after, sizeof after - 1);
    struct text reply = reply_with(body, total);
    free(body);
    return reply;
}

struct text model_list_text(void) {
    static const char body[] = "{\"object\":\"list\",\"data\":[]}";
    return reply_with(body, sizeof body - 1);
}

/* — streams — */

#define CHUNK_HEAD "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-mini\","
#define CHUNK_BEFORE CHUNK_HEAD "\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
#define CHUNK_AFTER "\"},\"finish_reason\":null}]}\n\n"
#define FINISH CHUNK_HEAD "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
static const char stream_head[] =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

static void append(struct text *t, const char *bytes, size_t length) {
    memcpy(t->bytes + t->length, bytes, length);
    t->length += length;
}

/* One event of s->size bytes (never below its frame) as one HTTP chunk. */
static void append_chunk(struct stream *s) {
    size_t frame = sizeof CHUNK_BEFORE + sizeof CHUNK_AFTER - 2, size = s->size > frame ? s->size : frame;
    s->text.length += (size_t)sprintf(s->text.bytes + s->text.length, "%zx\r\n" CHUNK_BEFORE, size);
    memset(s->text.bytes + s->text.length, 'x', size - frame);
    s->text.length += size - frame;
    append(&s->text, CHUNK_AFTER "\r\n", sizeof CHUNK_AFTER + 1);
}

static void append_end(struct stream *s) {
    char events[1024];
    int length = snprintf(events, sizeof events,
        FINISH CHUNK_HEAD "\"choices\":[],\"usage\":{\"prompt_tokens\":72,\"completion_tokens\":%u,\"total_tokens\":%u}}\n\n"
        "data: [DONE]\n\n", s->chunks, s->chunks + 72);
    s->text.length += (size_t)sprintf(s->text.bytes + s->text.length, "%x\r\n", (unsigned)length);
    append(&s->text, events, (size_t)length);
    append(&s->text, "\r\n0\r\n\r\n", 7);
}

static uint32_t streams_begun;

void stream_begin(struct stream *s, const struct request *r) {
    s->active = true;
    s->chunks_sent = 0;
    s->chunks = r->chunks;
    s->size = r->size;
    s->interval_ns = 1000ull * r->interval_us;
    s->phase = s->interval_ns / PHASES * (7 * streams_begun++ % PHASES);
    s->text.bytes = checked(realloc(s->text.bytes, r->size + 2048));
}

uint64_t stream_next(struct stream *s) {
    bool is_first = s->chunks_sent == 0;
    s->text.length = 0;
    if (is_first) append(&s->text, stream_head, sizeof stream_head - 1);
    if (s->chunks_sent < s->chunks) {
        append_chunk(s);
        s->chunks_sent++;
    } else {
        append_end(s);
        s->active = false;
    }
    return s->interval_ns + (is_first ? s->phase : 0);
}
