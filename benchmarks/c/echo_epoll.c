/* The limit that the Python servers are measured against: one thread, epoll, read, upper case, write.

   echo_epoll PORT      listens on 127.0.0.1 (0: a free port), prints the port, serves until it is killed

   Correct like the recipes: what can't be sent at once is kept, and nothing more is read from that client before it is
   out. Compile with `cc -O3 -o echo_epoll echo_epoll.c`. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, EVENTS = 1024 };

struct client {
    int fd;
    size_t start, end; /* what is left to be sent lies in rest[start, end) */
    unsigned char *rest; /* NULL while nothing is */
};

static unsigned char chunk[CHUNK]; /* one for all: it is empty again before the next client's turn */

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static void watch(int epoll, int operation, struct client *client, unsigned events) {
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(epoll, operation, client->fd, &event) < 0) fail("epoll_ctl");
}

static void leave(struct client *client) {
    close(client->fd);
    free(client->rest);
    free(client);
}

static void take(int epoll, int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *client = calloc(1, sizeof *client);
    if (!client) fail("calloc");
    client->fd = fd;
    watch(epoll, EPOLL_CTL_ADD, client, EPOLLIN);
}

/* Read a chunk and reply; what the kernel does not take is copied and waits for room. */
static void answer(int epoll, struct client *client) {
    ssize_t length = read(client->fd, chunk, CHUNK);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length <= 0) {
        leave(client);
        return;
    }
    for (ssize_t i = 0; i < length; i++) chunk[i] -= (unsigned char)(chunk[i] - 'a') < 26 ? 32 : 0;
    ssize_t sent = write(client->fd, chunk, length);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        leave(client);
        return;
    }
    if (sent < 0) sent = 0;
    if (sent < length) {
        client->rest = malloc(length - sent);
        if (!client->rest) fail("malloc");
        memcpy(client->rest, chunk + sent, length - sent);
        client->start = 0;
        client->end = length - sent;
        watch(epoll, EPOLL_CTL_MOD, client, EPOLLOUT);
    }
}

static void send_on(int epoll, struct client *client) {
    ssize_t sent = write(client->fd, client->rest + client->start, client->end - client->start);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) leave(client);
        return;
    }
    client->start += sent;
    if (client->start == client->end) {
        free(client->rest);
        client->rest = NULL;
        watch(epoll, EPOLL_CTL_MOD, client, EPOLLIN);
    }
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct epoll_event events[EVENTS];
    int on = 1;
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    address.sin_port = htons(atoi(argv[1]));
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, size) < 0) fail("bind");
    if (listen(listener, SOMAXCONN) < 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("serving on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct client itself = {.fd = listener};
    watch(epoll, EPOLL_CTL_ADD, &itself, EPOLLIN);
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (client == &itself)
                take(epoll, listener);
            else if (client->rest)
                send_on(epoll, client);
            else
                answer(epoll, client);
        }
    }
}
