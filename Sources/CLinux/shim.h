#ifndef PURSER_CLINUX_SHIM_H
#define PURSER_CLINUX_SHIM_H

// What Swift's Glibc module leaves out: some headers, and calls that C declares for _GNU_SOURCE only.
#include <malloc.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

extern int execvpe(const char *file, char *const argv[], char *const envp[]);
extern int pipe2(int descriptors[2], int flags);

static inline int purser_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }
static inline int purser_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

// Starts a program in a process group of its own, which ends with the thread that has started it. What it is given: its three standard descriptors,
// an environment and nothing else. Returns its id; or -1, with the errno of what failed, `execvpe` included.
static inline pid_t purser_spawn(
    const char *file, char *const argv[], char *const envp[], int in, int out, int err, const char *directory, uint64_t mostMemory) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) {
        int failure = errno;
        close(report[1]);
        if (child > 0) {
            // An exec closes the pipe; what comes through it is why there was none.
            ssize_t count;
            do { count = read(report[0], &failure, sizeof failure); } while (count < 0 && errno == EINTR);
            if (count == (ssize_t)sizeof failure) {
                while (waitpid(child, 0, 0) < 0 && errno == EINTR) {}
                child = -1;
            }
        }
        close(report[0]);
        if (child < 0) errno = failure;
        return child;
    }
    // From here on only what is safe in a child of a process with threads.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
    signal(SIGPIPE, SIG_DFL);
    struct rlimit limit = {0, 0};
    setrlimit(RLIMIT_CORE, &limit);
    if (mostMemory > 0) {
        limit.rlim_cur = limit.rlim_max = mostMemory;
        setrlimit(RLIMIT_AS, &limit);
    }
    if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0 && (!directory || chdir(directory) == 0)) {
        // The pipe closes with the exec, as everything else that others have opened without O_CLOEXEC does here.
        syscall(SYS_close_range, 3, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */);
        execvpe(file, argv, envp);
    }
    int failure = errno;
    ssize_t ignored = write(report[1], &failure, sizeof failure);
    (void)ignored;
    _exit(127);
}

#endif
