#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* — target — */

static const char *make_context(struct target *t, const char *ca) {
    static const unsigned char http11[] = "\x08http/1.1";
    t->context = SSL_CTX_new(TLS_client_method());
    if (!t->context) return "no TLS context";
    SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION);
    SSL_CTX_set_mode(t->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(t->context, 1);   /* one recv per record instead of two: the loader must cost little */
    SSL_CTX_set_alpn_protos(t->context, http11, sizeof http11 - 1);
    if (!ca) return NULL;
    SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_load_verify_locations(t->context, ca, NULL) == 1 ? NULL : "cannot read the CA file";
}

const char *target_parse(struct target *t, const char *url, const char *ca) {
    char scheme[8], port[8];
    memset(t, 0, sizeof *t);
    strcpy(t->path, "/v1/chat/completions");
    if (sscanf(url, "%7[a-z]://%127[^:/]:%7[0-9]%511s", scheme, t->host, port, t->path) < 3)
        return "--url must look like https://localhost:8443/v1/chat/completions";
    t->tls = !strcmp(scheme, "https");
    if (!t->tls && strcmp(scheme, "http")) return "--url must begin with http:// or https://";
    struct addrinfo *found = NULL, want = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    if (getaddrinfo(t->host, port, &want, &found)) return "cannot resolve the host of --url";
    memcpy(&t->address, found->ai_addr, sizeof t->address);
    freeaddrinfo(found);
    return t->tls ? make_context(t, ca) : NULL;
}

/* — life — */

void connection_watch(struct connection *c, int epoll_fd, uint32_t interest) {
    if (c->interest == interest) return;
    struct epoll_event e = {.events = interest, .data.ptr = c};
    epoll_ctl(epoll_fd, c->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &e);
    c->interest = interest;
}

void connection_close(struct connection *c) {
    SSL_free(c->ssl);
    if (c->fd >= 0 && c->phase != CLOSED) close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
    c->interest = 0;
    c->phase = CLOSED;
}

bool connection_open(struct connection *c, const struct target *t, int epoll_fd) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) return false;
    c->phase = CONNECTING;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(c->fd, (const struct sockaddr *)&t->address, sizeof t->address) && errno != EINPROGRESS) {
        connection_close(c);
        return false;
    }
    connection_watch(c, epoll_fd, EPOLLOUT);
    return true;
}

static bool begin_handshake(struct connection *c, const struct target *t) {
    c->ssl = SSL_new(t->context);
    if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1) return false;
    if (t->host[0] < '0' || t->host[0] > '9') {
        SSL_set_tlsext_host_name(c->ssl, t->host);
        SSL_set1_host(c->ssl, t->host);
    }
    SSL_set_connect_state(c->ssl);
    c->phase = HANDSHAKING;
    return true;
}

int connection_establish(struct connection *c, const struct target *t, int epoll_fd) {
    if (c->phase == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error || (t->tls && !begin_handshake(c, t))) return -1;
    }
    if (t->tls) {
        ERR_clear_error();
        int result = SSL_do_handshake(c->ssl), why = SSL_get_error(c->ssl, result);
        if (result != 1) {
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return -1;
            connection_watch(c, epoll_fd, why == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
            return 0;
        }
    }
    c->phase = IDLE;
    connection_watch(c, epoll_fd, EPOLLIN);
    return 1;
}

/* — bytes — */

static ssize_t tls_result(struct connection *c, int result) {
    if (result > 0) return result;
    int why = SSL_get_error(c->ssl, result);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? TRANSFER_BLOCKED : TRANSFER_CLOSED;
}

static ssize_t plain_result(ssize_t result) {
    if (result > 0) return result;
    return result < 0 && (errno == EAGAIN || errno == EINTR) ? TRANSFER_BLOCKED : TRANSFER_CLOSED;
}

ssize_t connection_write(struct connection *c, const char *bytes, size_t length) {
    if (!c->ssl) return plain_result(send(c->fd, bytes, length, MSG_NOSIGNAL));
    ERR_clear_error();
    return tls_result(c, SSL_write(c->ssl, bytes, (int)length));
}

ssize_t connection_read(struct connection *c, char *bytes, size_t length) {
    if (!c->ssl) return plain_result(recv(c->fd, bytes, length, 0));
    ERR_clear_error();
    return tls_result(c, SSL_read(c->ssl, bytes, (int)length));
}
