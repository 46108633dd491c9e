/* The limit that the Python servers of files are measured against: one thread, epoll, open, sendfile, close.

   serve_sendfile DESCRIPTOR FOLDER      serves on a listener that it inherits until it is killed

   GET alone, keep-alive, names without a slash in them; a request that is anything else ends the connection. What can't be
   sent at once waits for room. A cold file holds the thread in sendfile, as it does in nginx without threads. Compile with
   `cc -O3 -o serve_sendfile serve_sendfile.c`. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 4096, EVENTS = 1024, MOST = 2 << 20 }; /* a client sends for 2 MiB, then it is another's turn */

struct client {
    int fd, file; /* file is -1 while none is sent */
    off_t at, size;
    size_t length; /* of what has been received */
    char head[HEAD + 1];
};

static int folder;

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static void watch(int epoll, int operation, struct client *client, unsigned events) {
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(epoll, operation, client->fd, &event) < 0) fail("epoll_ctl");
}

static void leave(struct client *client) {
    if (client->file >= 0) close(client->file);
    close(client->fd);
    free(client);
}

static void take(int epoll, int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *client = calloc(1, sizeof *client);
    if (!client) fail("calloc");
    client->fd = fd;
    client->file = -1;
    watch(epoll, EPOLL_CTL_ADD, client, EPOLLIN);
}

/* Send on; 1 when all has been sent, 0 when the rest waits, -1 when the client has left or the file has shrunk. */
static int send_on(struct client *client) {
    if (client->at < client->size) {
        ssize_t sent = sendfile(client->fd, client->file, &client->at, client->size - client->at < MOST ? client->size - client->at : MOST);
        if (sent == 0 || (sent < 0 && errno != EAGAIN && errno != EINTR)) return -1;
    }
    if (client->at < client->size) return 0;
    close(client->file);
    client->file = -1;
    return 1;
}

/* Open what is asked for and send the reply's head; 0 if there is no such file or no room for a head. */
static int begin(struct client *client) {
    struct stat about;
    char reply[256], *name = client->head + 5, *end;
    if (strncmp(client->head, "GET /", 5) || !(end = strchr(name, ' '))) return 0;
    *end = 0;
    if (strchr(name, '/')) return 0;
    client->file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (client->file < 0 || fstat(client->file, &about) || !S_ISREG(about.st_mode)) return 0;
    int length = snprintf(reply, sizeof reply,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %lld\r\n\r\n",
                          (long long)about.st_size);
    client->at = client->length = 0;
    client->size = about.st_size;
    return send(client->fd, reply, length, client->size ? MSG_MORE : 0) == length;
}

static void answer(int epoll, struct client *client) {
    ssize_t got = read(client->fd, client->head + client->length, HEAD - client->length);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        leave(client);
        return;
    }
    client->length += got;
    client->head[client->length] = 0;
    if (!strstr(client->head, "\r\n\r\n")) {
        if (client->length == HEAD) leave(client);
        return;
    }
    int done = begin(client) ? send_on(client) : -1;
    if (done < 0) leave(client);
    if (done == 0) watch(epoll, EPOLL_CTL_MOD, client, EPOLLOUT);
}

int main(int argc, char **argv) {
    struct epoll_event events[EVENTS];
    if (argc != 3) {
        fprintf(stderr, "usage: %s DESCRIPTOR FOLDER\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with the one that measures */
    struct client itself = {.fd = atoi(argv[1])};
    folder = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) fail(argv[2]);
    if (fcntl(itself.fd, F_SETFL, O_NONBLOCK) < 0) fail("the listener");
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, EPOLL_CTL_ADD, &itself, EPOLLIN);
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (client == &itself)
                take(epoll, itself.fd);
            else if (client->file < 0)
                answer(epoll, client);
            else {
                int done = send_on(client);
                if (done < 0) leave(client);
                if (done > 0) watch(epoll, EPOLL_CTL_MOD, client, EPOLLIN);
            }
        }
    }
}
