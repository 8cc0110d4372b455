/* The load itself: many connections, one epoll set, one thread. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <sys/types.h>

#include "connection.h"
#include "histogram.h"

enum mode { CLOSED_LOOP, OPEN_LOOP, HOLD };

struct plan {
    enum mode mode;
    const struct target *target;
    const char *request;               /* head and body, the same for every request */
    size_t request_length;
    int connections, opening;          /* how many in all; how many may be connecting at the same time */
    double warmup, seconds, open_limit;/* s; the last bounds the time until all connections (held streams: first events) are there */
    double rate;                       /* requests per second of the open loop */
    uint64_t requests;                 /* stop after so many answers, 0: by time only */
    bool refusals;                     /* 503 with retry-after is no failure: it is counted apart */
    bool stream;
    uint32_t events;                   /* what a whole stream must at least bring */
    pid_t account;                     /* the process tree whose CPU time and memory are reported, 0: none */
};

struct result {
    uint64_t requests, events, reply_bytes, failures, reconnects, backlog, alive, stalled, queued;
    uint64_t window_ns, open_ns, cpu_ns, rss_before_kib, rss_after_kib;
    uint64_t refused;
    struct histogram latency, first_event, refusal;      /* all from the scheduled time */
    char first_failure[512];
};

uint64_t now_ns(void);

/* Runs the plan. Always returns; result->first_failure says what went wrong, if anything did. */
void load_run(const struct plan *plan, struct result *result);

#endif
