#define _GNU_SOURCE
#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char usage_member[] = "\"usage\"";

void reply_reset(struct reply *r) {
    memset(r, 0, offsetof(struct reply, head));
    r->head[0] = 0;
}

/* — head — */

static const char *header(const char *head, const char *name) {
    size_t length = strlen(name);
    for (const char *line = strchr(head, '\n'); line && *++line; line = strchr(line, '\n')) {
        if (strncasecmp(line, name, length) || line[length] != ':') continue;
        line += length + 1;
        return line + strspn(line, " ");
    }
    return NULL;
}

static bool header_begins(const char *head, const char *name, const char *value) {
    const char *found = header(head, name);
    return found && !strncasecmp(found, value, strlen(value));
}

static void understand_head(struct reply *r) {
    const char *length = header(r->head, "content-length");
    r->status = strncmp(r->head, "HTTP/1.1 ", 9) ? 0 : atoi(r->head + 9);
    r->is_stream = header_begins(r->head, "content-type", "text/event-stream");
    r->closes = header_begins(r->head, "connection", "close");
    if (r->status == 100) {
        reply_reset(r);
    } else if (header_begins(r->head, "transfer-encoding", "chunked")) {
        r->state = REPLY_CHUNK_SIZE;
    } else if (length) {
        r->left = strtoull(length, NULL, 10);
        r->state = r->left ? REPLY_BODY : REPLY_DONE;
    } else {
        r->state = REPLY_BAD;          /* a body that only the end of the connection ends breaks keep-alive */
    }
}

static size_t feed_head(struct reply *r, const char *bytes, size_t length) {
    size_t before = r->head_length, room = REPLY_HEAD_LIMIT - before, take = length < room ? length : room;
    memcpy(r->head + before, bytes, take);
    r->head_length += take;
    size_t from = before > 3 ? before - 3 : 0;
    char *end = memmem(r->head + from, r->head_length - from, "\r\n\r\n", 4);
    if (!end) {
        if (r->head_length == REPLY_HEAD_LIMIT) r->state = REPLY_BAD;
        return take;
    }
    r->head_length = (size_t)(end - r->head) + 4;
    r->head[r->head_length] = 0;
    size_t used = r->head_length - before;
    understand_head(r);
    return used;
}

/* — body — */

/* Finds the usage member even where two reads cut it. */
static void look_for_usage(struct reply *r, const char *bytes, size_t length) {
    char seam[2 * REPLY_CARRY];
    size_t first = length < REPLY_CARRY ? length : REPLY_CARRY;
    memcpy(seam, r->carry, r->carried);
    memcpy(seam + r->carried, bytes, first);
    size_t joined = r->carried + first;
    r->has_usage = memmem(seam, joined, usage_member, sizeof usage_member - 1) ||
                   memmem(bytes, length, usage_member, sizeof usage_member - 1);
    const char *source = length < REPLY_CARRY ? seam : bytes;
    size_t available = length < REPLY_CARRY ? joined : length;
    r->carried = available < REPLY_CARRY ? available : REPLY_CARRY;
    memcpy(r->carry, source + available - r->carried, r->carried);
}

static void end_event_line(struct reply *r) {
    if (r->event_line_length >= 12 && !memcmp(r->event_line, "data: [DONE]", 12)) r->has_done = true;
    else if (r->event_line_length >= 5 && !memcmp(r->event_line, "data:", 5)) r->events++;
    r->event_line_length = 0;
}

static void count_events(struct reply *r, const char *bytes, size_t length) {
    for (const char *end = bytes + length; bytes < end;) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes)), *stop = newline ? newline : end;
        size_t room = REPLY_LINE_PREFIX - r->event_line_length, piece = (size_t)(stop - bytes);
        if (piece > room) piece = room;
        memcpy(r->event_line + r->event_line_length, bytes, piece);
        r->event_line_length += piece;
        if (!newline) return;
        end_event_line(r);
        bytes = newline + 1;
    }
}

static size_t feed_data(struct reply *r, const char *bytes, size_t length, enum reply_state next) {
    size_t take = length < r->left ? length : (size_t)r->left;
    if (r->is_stream) count_events(r, bytes, take);
    if (!r->has_usage) look_for_usage(r, bytes, take);
    if (r->status != 200) {
        size_t room = REPLY_HEAD_LIMIT - r->head_length, keep = take < room ? take : room;
        memcpy(r->head + r->head_length, bytes, keep);
        r->head[r->head_length += keep] = 0;
    }
    r->left -= take;
    if (r->left == 0) r->state = next;
    return take;
}

/* — the framing of chunked bodies — */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void feed_framing(struct reply *r, char c) {
    if (c != '\n') {
        int digit = hex_digit(c);
        if (r->state == REPLY_CHUNK_SIZE && c != '\r') {
            if (digit < 0 || r->left >> 40) r->state = REPLY_BAD;
            else r->left = 16 * r->left + (uint64_t)digit;
        }
        if (c != '\r') r->line_length++;
        return;
    }
    bool empty = r->line_length == 0;
    r->line_length = 0;
    if (r->state == REPLY_CHUNK_SIZE) r->state = empty ? REPLY_BAD : r->left ? REPLY_CHUNK_DATA : REPLY_TRAILER;
    else if (r->state == REPLY_CHUNK_END) r->state = empty ? REPLY_CHUNK_SIZE : REPLY_BAD;
    else if (empty) r->state = REPLY_DONE;
}

size_t reply_feed(struct reply *r, const char *bytes, size_t length) {
    size_t used = 0;
    while (used < length && r->state != REPLY_DONE && r->state != REPLY_BAD) {
        if (r->state == REPLY_HEAD) used += feed_head(r, bytes + used, length - used);
        else if (r->state == REPLY_BODY) used += feed_data(r, bytes + used, length - used, REPLY_DONE);
        else if (r->state == REPLY_CHUNK_DATA) used += feed_data(r, bytes + used, length - used, REPLY_CHUNK_END);
        else feed_framing(r, bytes[used++]);
    }
    return used;
}

bool reply_is_refusal(const struct reply *r) {
    return r->state == REPLY_DONE && r->status == 503 && header(r->head, "retry-after");
}

const char *reply_fault(const struct reply *r, bool wants_stream, uint32_t wanted_events) {
    if (r->state == REPLY_BAD) return "malformed HTTP";
    if (r->state != REPLY_DONE) return "cut answer";
    if (r->status != 200) return "status is not 200";
    if (!wants_stream) return r->has_usage ? NULL : "no usage in the answer";
    if (!r->is_stream) return "not an event stream";
    if (!r->has_done) return "stream without [DONE]";
    if (!r->has_usage) return "stream without usage";
    return r->events >= wanted_events ? NULL : "stream lost events";
}
