#ifndef PURSER_CLINUX_SHIM_H
#define PURSER_CLINUX_SHIM_H

// What Swift's Glibc module leaves out: some headers, and calls that C declares for _GNU_SOURCE only.
#include <malloc.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

static inline int purser_accept(int listener) { return accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC); }
static inline void purser_trim_heap(void) { malloc_trim(0); }
// Buffers of `threshold` bytes and more get pages of their own, which go back to the system when they are freed.
static inline void purser_map_large_buffers(int threshold) {
    mallopt(M_MMAP_THRESHOLD, threshold);
    // What glibc would set by itself if the threshold were left to move.
    mallopt(M_TRIM_THRESHOLD, 2 * threshold);
}
static inline void purser_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

// struct epoll_event is packed and holds a union: these spare Swift both.
static inline void purser_epoll_set(struct epoll_event *event, uint32_t readiness, uint64_t tag) {
    event->events = readiness;
    event->data.u64 = tag;
}
static inline uint64_t purser_epoll_tag(const struct epoll_event *event) { return event->data.u64; }

#endif
