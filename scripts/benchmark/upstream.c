/* upstream: a model provider that costs next to nothing, for measuring what stands in front of it.

   usage: upstream --port N [--address 127.0.0.1] [--reply-bytes 850]

   One thread, one epoll set, HTTP/1.1 with keep-alive. Every POST with a Content-Length gets one of two answers:
     · a chat.completion of exactly --reply-bytes, with usage;
     · an SSE stream, when the body holds "stream":true. Its shape is written anywhere in the body as
           chunks=200,size=200,interval_us=0        (these are the defaults; any part may be left out)
       for instance in the prompt, because gateways may remove fields such as "user". Head and first chunk leave in one
       write, then one write per chunk, interval_us apart (0: as fast as the peer takes them), then finish_reason, usage, [DONE].
       The first interval is up to twice as long, so that streams begun together do not stay in step.
   Any other method is answered with an empty model list. Prints "listening PORT" when ready; --port 0 takes a free port. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "provider_wire.h"

enum { MAX_REQUEST = 4 << 20, FIRST_BUFFER = 4096, BURST = 16, NOT_QUEUED = -1 };

struct peer {
    int fd;
    bool waiting_for_room;             /* the socket is full: EPOLLOUT is armed */
    char *in;
    size_t in_length, in_capacity;
    const char *out;                   /* what is being written: a shared text or stream.text */
    size_t out_length;
    struct stream stream;
    uint64_t due;                      /* when the stream's next chunk leaves, ns */
    int heap_slot;
};

static int epoll_fd, timer_fd;
static struct text plain_reply, model_list;

/* — the clock of paced streams: a binary heap of peers by due time — */

static struct peer **heap;
static int heap_count, heap_capacity;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void heap_place(struct peer *p, int slot) { heap[slot] = p; p->heap_slot = slot; }

static void heap_rise(struct peer *p, int slot) {
    while (slot > 0 && heap[(slot - 1) / 2]->due > p->due) {
        heap_place(heap[(slot - 1) / 2], slot);
        slot = (slot - 1) / 2;
    }
    heap_place(p, slot);
}

static void heap_sink(struct peer *p, int slot) {
    for (int child; (child = 2 * slot + 1) < heap_count; slot = child) {
        if (child + 1 < heap_count && heap[child + 1]->due < heap[child]->due) child++;
        if (heap[child]->due >= p->due) break;
        heap_place(heap[child], slot);
    }
    heap_place(p, slot);
}

static void heap_add(struct peer *p) {
    if (heap_count == heap_capacity) heap = checked(realloc(heap, sizeof *heap * (size_t)(heap_capacity = 2 * heap_capacity + 64)));
    heap_rise(p, heap_count++);
}

static void heap_remove(struct peer *p) {
    if (p->heap_slot == NOT_QUEUED) return;
    int slot = p->heap_slot;
    struct peer *last = heap[--heap_count];
    p->heap_slot = NOT_QUEUED;
    if (last == p) return;
    if (slot > 0 && heap[(slot - 1) / 2]->due > last->due) heap_rise(last, slot); else heap_sink(last, slot);
}

static void arm_timer(void) {
    static uint64_t armed;
    uint64_t due = heap_count ? heap[0]->due : 0;
    if (due == armed) return;
    armed = due;
    struct itimerspec when = {.it_value = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* — one peer — */

static void watch(struct peer *p, bool room) {
    if (p->waiting_for_room == room) return;
    p->waiting_for_room = room;
    struct epoll_event e = {.events = EPOLLIN | (room ? EPOLLOUT : 0u), .data.ptr = p};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, p->fd, &e);
}

static void hang_up(struct peer *p) {
    heap_remove(p);
    close(p->fd);
    free(p->stream.text.bytes);
    free(p->in);
    free(p);
}

/* Writes what is pending. False when the peer is gone. */
static bool flush(struct peer *p) {
    while (p->out_length) {
        ssize_t n = send(p->fd, p->out, p->out_length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) { watch(p, true); return true; }
        if (n < 0) return false;
        p->out += n;
        p->out_length -= (size_t)n;
    }
    watch(p, false);
    return true;
}

/* Sends chunks until the next one lies in the future, the socket is full, or it is another peer's turn. */
static bool advance(struct peer *p, uint64_t now) {
    for (int burst = 0; p->stream.active && !p->out_length; burst++) {
        if (p->due > now || burst == BURST) { heap_add(p); return true; }
        /* From now, not from when it was due: a model that is late does not catch up in a burst either. */
        p->due = now + stream_next(&p->stream);
        p->out = p->stream.text.bytes;
        p->out_length = p->stream.text.length;
        if (!flush(p)) return false;
    }
    return true;
}

static bool answer(struct peer *p, const struct request *r) {
    if (r->is_post && r->wants_stream) {
        stream_begin(&p->stream, r);
        p->due = now_ns();
        return advance(p, p->due);
    }
    const struct text *reply = r->is_post ? &plain_reply : &model_list;
    p->out = reply->bytes;
    p->out_length = reply->length;
    return flush(p);
}

/* Answers every whole request in the buffer; stops while an answer is under way, so pipelined requests wait their turn. */
static bool serve(struct peer *p) {
    size_t used = 0;
    bool alive = true;
    while (alive && used < p->in_length && !p->out_length && !p->stream.active) {
        struct request r = {0};
        ssize_t size = request_parse(p->in + used, p->in_length - used, &r);
        if (size < 0) return false;
        if (size == 0) {
            if (r.expects_continue) alive = send(p->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) == 25;
            break;
        }
        used += (size_t)size;
        alive = answer(p, &r);
    }
    memmove(p->in, p->in + used, p->in_length - used);
    p->in_length -= used;
    return alive;
}

static bool receive(struct peer *p) {
    if (p->in_length == p->in_capacity) {
        if (p->in_capacity >= MAX_REQUEST) return false;
        p->in_capacity = p->in_capacity ? 4 * p->in_capacity : FIRST_BUFFER;
        p->in = checked(realloc(p->in, p->in_capacity));
    }
    ssize_t n = recv(p->fd, p->in + p->in_length, p->in_capacity - p->in_length, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    p->in_length += (size_t)n;
    return serve(p);
}

static bool continue_writing(struct peer *p) {
    return flush(p) && (p->out_length || (advance(p, now_ns()) && serve(p)));
}

static void run_due_streams(void) {
    uint64_t now = now_ns();
    for (int budget = heap_count; budget > 0 && heap_count && heap[0]->due <= now; budget--) {
        struct peer *p = heap[0];
        heap_remove(p);
        if (!advance(p, now) || !serve(p)) hang_up(p);
    }
}

/* — listening — */

static void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct peer *p = checked(calloc(1, sizeof *p));
        p->fd = fd;
        p->heap_slot = NOT_QUEUED;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
    }
}

static int listen_on(const char *address, int port) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    socklen_t length = sizeof where;
    if (inet_pton(AF_INET, address, &where.sin_addr) != 1 || bind(fd, (struct sockaddr *)&where, length) ||
        listen(fd, 8192) || getsockname(fd, (struct sockaddr *)&where, &length)) {
        perror("upstream: cannot listen");
        exit(3);
    }
    printf("listening %d\n", ntohs(where.sin_port));
    fflush(stdout);
    return fd;
}

static void serve_forever(int listener) {
    static char is_listener, is_timer;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &is_listener});
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &is_timer});
    for (;;) {
        struct epoll_event events[256];
        arm_timer();
        int count = epoll_wait(epoll_fd, events, 256, -1);
        bool streams_due = false;
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &is_listener) { accept_all(listener); continue; }
            if (events[i].data.ptr == &is_timer) { streams_due = true; continue; }
            struct peer *p = events[i].data.ptr;
            bool alive = true;
            if (events[i].events & EPOLLOUT) alive = continue_writing(p);
            if (alive && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) alive = receive(p);
            if (!alive) hang_up(p);
        }
        /* After the sockets, because a stream that is due may free its peer, which would leave a stale event above. */
        if (streams_due) run_due_streams();
    }
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"port", 1, 0, 'p'}, {"address", 1, 0, 'a'}, {"reply-bytes", 1, 0, 'r'}, {0}};
    const char *address = "127.0.0.1";
    int port = -1, reply_bytes = 850;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'p') port = atoi(optarg);
        else if (o == 'a') address = optarg;
        else if (o == 'r') reply_bytes = atoi(optarg);
        else return 2;
    }
    if (port < 0 || port > 65535 || reply_bytes < 1 || reply_bytes > 1 << 20) {
        fputs("usage: upstream --port N [--address 127.0.0.1] [--reply-bytes 850]\n", stderr);
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    plain_reply = completion_text((size_t)reply_bytes);
    model_list = model_list_text();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    serve_forever(listen_on(address, port));
}
