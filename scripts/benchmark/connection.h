/* One client connection, plain or TLS, driven by epoll. */
#ifndef BENCH_CONNECTION_H
#define BENCH_CONNECTION_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "reply.h"

struct target {
    bool tls;
    char host[128], path[512];
    struct sockaddr_in address;
    SSL_CTX *context;
};

enum phase { CLOSED, CONNECTING, HANDSHAKING, IDLE, BUSY };

struct connection {
    int fd;
    SSL *ssl;
    enum phase phase;
    uint32_t interest;                 /* what epoll watches */
    size_t sent;                       /* bytes of the request that are written */
    bool has_first_event;
    uint32_t events_before;            /* events counted when the window began (held streams) */
    uint64_t scheduled;                /* when the request was due, ns: latency counts from here */
    struct reply reply;
    bool is_listed;                    /* stands in the open loop's list of idle connections */
    struct connection *next_idle;
};

enum transfer { TRANSFER_BLOCKED = -1, TRANSFER_CLOSED = -2 };   /* otherwise the number of bytes, above 0 */

/* Parses http[s]://host:port/path and resolves the host. NULL, or what is wrong. `ca` may be NULL: nothing is verified then. */
const char *target_parse(struct target *t, const char *url, const char *ca);

/* Begins to connect and registers with epoll. False when the system refuses. */
bool connection_open(struct connection *c, const struct target *t, int epoll_fd);

/* Goes on connecting: 1 when the connection is ready (phase IDLE), 0 while it is not, -1 when it failed. */
int connection_establish(struct connection *c, const struct target *t, int epoll_fd);

ssize_t connection_write(struct connection *c, const char *bytes, size_t length);
ssize_t connection_read(struct connection *c, char *bytes, size_t length);

void connection_watch(struct connection *c, int epoll_fd, uint32_t interest);
void connection_close(struct connection *c);

#endif
