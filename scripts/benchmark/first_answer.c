#define _GNU_SOURCE
#include "first_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { POLL_NS = 1000000, STEP_LIMIT_MS = 2000, GRACE_MS = 5000 };

static pid_t start(char **program, int cpu, const char *log) {
    pid_t parent = getpid(), child = fork();
    if (child) return child;
    int out = open(log ? log : "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(out, 1);
    dup2(out, 2);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    execvp(program[0], program);
    dprintf(2, "cannot start %s: %s\n", program[0], strerror(errno));
    _exit(127);
}

static void stop(pid_t child) {
    kill(child, SIGTERM);
    for (int waited = 0; waited < GRACE_MS; waited++) {
        if (waitpid(child, NULL, WNOHANG) != 0) return;
        usleep(1000);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Waits until the socket may go on; the connection's own epoll set tells for what. */
static bool wait_for(int epoll_fd) {
    return poll(&(struct pollfd){.fd = epoll_fd, .events = POLLIN}, 1, STEP_LIMIT_MS) > 0;
}

/* One try, from connect to the whole answer. NULL when it was right. */
static const char *attempt(struct connection *c, const struct target *t, const char *request, size_t length, int epoll_fd) {
    char bytes[16384];
    if (!connection_open(c, t, epoll_fd)) return "connection refused";
    for (int state = 0; state == 0;) {
        if (!wait_for(epoll_fd)) return "connecting took too long";
        state = connection_establish(c, t, epoll_fd);
        if (state < 0) return "connection refused or TLS handshake failed";
    }
    for (size_t sent = 0; sent < length;) {
        ssize_t n = connection_write(c, request + sent, length - sent);
        if (n == TRANSFER_CLOSED) return "connection closed while sending";
        if (n > 0) sent += (size_t)n;
        else connection_watch(c, epoll_fd, EPOLLIN | EPOLLOUT);
    }
    connection_watch(c, epoll_fd, EPOLLIN);
    reply_reset(&c->reply);
    while (c->reply.state < REPLY_DONE) {
        ssize_t n = connection_read(c, bytes, sizeof bytes);
        if (n > 0) reply_feed(&c->reply, bytes, (size_t)n);
        else if (n == TRANSFER_CLOSED || !wait_for(epoll_fd)) break;
    }
    return reply_fault(&c->reply, false, 0);
}

bool first_answer_run(const struct target *t, const char *request, size_t length, char **program, int cpu, const char *log,
                      double limit, struct first_answer *answer) {
    static struct connection c = {.fd = -1};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC), status;
    uint64_t began = now_ns();
    pid_t child = start(program, cpu, log);
    memset(answer, 0, sizeof *answer);
    for (const char *fault = ""; fault;) {
        fault = attempt(&c, t, request, length, epoll_fd);
        answer->attempts++;
        answer->seconds = 1e-9 * (double)(now_ns() - began);
        snprintf(answer->fault, sizeof answer->fault, "%s%s%.400s", fault ? fault : "", fault && c.reply.head_length ? ": " : "",
                 fault ? c.reply.head : "");
        connection_close(&c);
        if (!fault) break;
        if (answer->seconds > limit) break;
        if (waitpid(child, &status, WNOHANG) == child) {
            snprintf(answer->fault, sizeof answer->fault, "the program ended by itself, status %d", WEXITSTATUS(status));
            return false;
        }
        nanosleep(&(struct timespec){0, POLL_NS}, NULL);
    }
    stop(child);
    return !answer->fault[0];
}
