#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "process_tree.h"

enum { FAILURE_LIMIT = 100, READ_BUFFER = 256 << 10 };

/* OPENING: connections (held streams: first events) are still missing. The measured window follows the warm-up. */
enum stage { OPENING, WARMING, MEASURING, FINISHED };

static const struct plan *plan;
static struct result *result;
static enum stage stage;
static uint64_t stage_end, window_start, cpu_start;
static int epoll_fd, timer_fd, opened, opening, ready;
static struct connection *connections, *first_idle, **last_idle = &first_idle;
static uint64_t schedule_start, issued;
static char buffer[READ_BUFFER];

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* — failures — */

static bool all_answered(void) { return plan->requests && result->requests + result->failures >= plan->requests; }

static void fail(struct connection *c, const char *why) {
    if (result->failures++ == 0) {
        bool answered = c && c->reply.head_length;
        snprintf(result->first_failure, sizeof result->first_failure, "%s%s%.400s", why, answered ? ": " : "", answered ? c->reply.head : "");
    }
    if (result->failures >= FAILURE_LIMIT || all_answered()) stage = FINISHED;
}

static void open_more(void) {
    while (opening < plan->opening && opened < plan->connections) {
        if (!connection_open(&connections[opened], plan->target, epoll_fd)) {
            fail(NULL, strerror(errno));
            stage = FINISHED;          /* no descriptors, no ports or nobody listens: no use in going on */
            return;
        }
        opened++;
        opening++;
    }
}

static void reopen(struct connection *c) {
    if (c->phase == CONNECTING || c->phase == HANDSHAKING) opening--;
    connection_close(c);
    if (stage == FINISHED) return;
    if (connection_open(c, plan->target, epoll_fd)) opening++;
    else fail(NULL, strerror(errno));
}

/* — one request — */

static void send_rest(struct connection *c) {
    while (c->sent < plan->request_length) {
        ssize_t n = connection_write(c, plan->request + c->sent, plan->request_length - c->sent);
        if (n == TRANSFER_BLOCKED) { connection_watch(c, epoll_fd, EPOLLIN | EPOLLOUT); return; }
        if (n == TRANSFER_CLOSED) { fail(c, "connection closed while sending"); reopen(c); return; }
        c->sent += (size_t)n;
    }
    connection_watch(c, epoll_fd, EPOLLIN);
}

static bool may_issue(void) { return stage != FINISHED && (!plan->requests || issued < plan->requests); }

static void issue(struct connection *c, uint64_t scheduled) {
    issued++;
    reply_reset(&c->reply);
    c->phase = BUSY;
    c->sent = 0;
    c->has_first_event = false;
    c->events_before = 0;
    c->scheduled = scheduled;
    send_rest(c);
}

static uint64_t due_at(uint64_t number) {
    return schedule_start + (uint64_t)((double)number * 1e9 / plan->rate);
}

/* Issues what is due while somebody is idle. What finds nobody idle stays due, and its wait counts as latency. */
static void issue_due(void) {
    uint64_t now = now_ns();
    while (first_idle && due_at(issued) <= now && may_issue()) {
        struct connection *c = first_idle;
        first_idle = c->next_idle;
        if (!first_idle) last_idle = &first_idle;
        c->is_listed = false;
        if (c->phase == IDLE) issue(c, due_at(issued));
    }
    uint64_t next = due_at(issued);
    struct itimerspec when = {.it_value = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)}};
    if (next > now) timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void join_idle(struct connection *c) {
    if (c->is_listed) return;          /* it was closed and opened again while it stood in the list */
    c->is_listed = true;
    c->next_idle = NULL;
    *last_idle = c;
    last_idle = &c->next_idle;
}

static void become_idle(struct connection *c) {
    c->phase = IDLE;
    if (plan->mode == OPEN_LOOP) { join_idle(c); if (stage != OPENING) issue_due(); }
    else if ((plan->mode == HOLD || stage != OPENING) && may_issue()) issue(c, now_ns());
}

/* True when the answer was a refusal and the plan allows for them. */
static bool note_refusal(const struct connection *c, uint64_t now) {
    if (!plan->refusals || !reply_is_refusal(&c->reply)) return false;
    if (stage != MEASURING) return true;
    result->refused++;
    histogram_add(&result->refusal, now - c->scheduled);
    return true;
}

static void finish(struct connection *c) {
    if (!c->reply.closes) { become_idle(c); return; }
    result->reconnects++;
    reopen(c);
}

static void complete(struct connection *c, uint64_t now) {
    if (note_refusal(c, now)) { finish(c); return; }
    const char *fault = reply_fault(&c->reply, plan->stream, plan->events);
    if (!fault && plan->mode == HOLD) fault = "a stream ended that should be held";
    if (fault) { fail(c, fault); reopen(c); return; }
    if (stage == MEASURING) {
        result->requests++;
        histogram_add(&result->latency, now - c->scheduled);
        if (all_answered()) stage = FINISHED;
    }
    finish(c);
}

static void note_first_event(struct connection *c, uint64_t now) {
    c->has_first_event = true;
    if (plan->mode == HOLD) ready++;
    if (plan->mode == HOLD || stage == MEASURING) histogram_add(&result->first_event, now - c->scheduled);
}

static void receive(struct connection *c) {
    for (;;) {
        ssize_t n = connection_read(c, buffer, sizeof buffer);
        if (n == TRANSFER_BLOCKED) return;
        if (n == TRANSFER_CLOSED) {
            if (c->phase == BUSY) fail(c, "connection closed before the answer was complete");
            else result->reconnects++;
            reopen(c);
            return;
        }
        if (c->phase != BUSY) { fail(NULL, "bytes without a request"); reopen(c); return; }
        uint32_t before = c->reply.events;
        size_t used = reply_feed(&c->reply, buffer, (size_t)n);
        if (stage == MEASURING) {
            result->events += c->reply.events - before;
            result->reply_bytes += used;
        }
        uint64_t now = now_ns();
        if (!c->has_first_event && c->reply.events) note_first_event(c, now);
        if (c->reply.state < REPLY_DONE) {
            if ((size_t)n < sizeof buffer && !c->ssl) return;   /* a short read of a plain socket has emptied it */
            continue;
        }
        if (c->reply.state == REPLY_DONE && used < (size_t)n) { fail(NULL, "bytes after the end of the answer"); reopen(c); return; }
        complete(c, now);
        return;
    }
}

/* — stages — */

static void begin_stage(enum stage next, double seconds) {
    stage = next;
    stage_end = now_ns() + (uint64_t)(seconds * 1e9);
}

static void begin_window(void) {
    for (int i = 0; i < plan->connections; i++) connections[i].events_before = connections[i].reply.events;
    cpu_start = plan->account ? tree_cpu_ns(plan->account) : 0;
    begin_stage(MEASURING, plan->seconds);
    window_start = now_ns();
}

static void all_are_ready(uint64_t began) {
    uint64_t now = now_ns();
    result->open_ns = now - began;
    if (plan->mode == HOLD) { begin_window(); return; }
    begin_stage(WARMING, plan->warmup);
    schedule_start = now;
    if (plan->mode == OPEN_LOOP) issue_due();
    else for (int i = 0; i < plan->connections; i++) if (connections[i].phase == IDLE && may_issue()) issue(&connections[i], now);
}

static void end_window(void) {
    uint64_t now = now_ns();
    result->window_ns = now - window_start;
    if (plan->account) {
        result->cpu_ns = tree_cpu_ns(plan->account) - cpu_start;
        result->rss_after_kib = tree_rss_kib(plan->account);
    }
    uint64_t due = plan->mode == OPEN_LOOP ? (uint64_t)((double)(now - schedule_start) * plan->rate / 1e9) : 0;
    if (due > issued) result->backlog = due - issued;
    for (int i = 0; i < plan->connections; i++) {
        const struct connection *c = &connections[i];
        if (c->phase != BUSY) continue;
        result->alive++;
        if (c->reply.events == c->events_before) result->stalled++;
    }
}

static void established(struct connection *c) {
    opening--;
    if (plan->mode != HOLD) ready++;
    become_idle(c);
}

static void handle(struct connection *c, uint32_t events) {
    if (c->phase == CONNECTING || c->phase == HANDSHAKING) {
        int state = connection_establish(c, plan->target, epoll_fd);
        if (state > 0) established(c);
        if (state < 0) { fail(NULL, "cannot connect or the TLS handshake failed"); reopen(c); }
        return;
    }
    if (c->phase == BUSY && events & EPOLLOUT) send_rest(c);
    if (c->phase >= IDLE && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
}

static void advance_stage(uint64_t began) {
    if (stage == OPENING && ready >= plan->connections) all_are_ready(began);
    else if (stage == OPENING) open_more();
    if (stage == FINISHED || now_ns() < stage_end) return;
    if (stage == OPENING) { fail(NULL, "not all connections were ready in time"); stage = FINISHED; }
    else if (stage == WARMING) begin_window();
    else stage = FINISHED;
}

static int wait_ms(void) {
    uint64_t now = now_ns();
    return now >= stage_end ? 0 : (int)((stage_end - now) / 1000000) + 1;
}

static void loop(void) {
    uint64_t began = now_ns();
    begin_stage(OPENING, plan->open_limit);
    for (advance_stage(began); stage != FINISHED; advance_stage(began)) {
        struct epoll_event events[512];
        int count = epoll_wait(epoll_fd, events, 512, wait_ms());
        for (int i = 0; i < count && stage != FINISHED; i++) {
            uint64_t expirations;
            if (events[i].data.ptr) handle(events[i].data.ptr, events[i].events);
            else if (read(timer_fd, &expirations, sizeof expirations) > 0) issue_due();
        }
    }
    if (window_start) end_window();
}

void load_run(const struct plan *the_plan, struct result *the_result) {
    plan = the_plan;
    result = the_result;
    connections = calloc((size_t)plan->connections, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!connections || epoll_fd < 0 || timer_fd < 0) { fail(NULL, "out of memory or descriptors"); return; }
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = NULL});
    if (plan->account) result->rss_before_kib = tree_rss_kib(plan->account);
    loop();
}
