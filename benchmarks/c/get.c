/* One load for all servers of files: connections that ask for a file, take it, compare every byte, and ask for the next.

   get PORT FOLDER FILES CONNECTIONS SECONDS REQUESTS PID [NEW]

   The files of FOLDER are named 00000, 00001 and so on, and are alike in size. With REQUESTS it stops after so many, else
   after SECONDS, of which a fifth goes before as a warm-up that is not counted. Prints one line of JSON: how many requests
   were answered, with how many bytes, in how many seconds; and the processor time of PID, the server's process, in them.
   With NEW each request has a field of its own, so that no two heads are alike.
   Ends with status 1 when a byte was wrong or a connection was lost, 2 when it could not start. Compile with
   `cc -O3 -o get get.c`. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 1024, CHUNK = 256 * 1024, HEAD = 4096, PATIENCE_MS = 30000 };

struct client {
    int fd, number; /* number is that of the file */
    int in_body;
    long received;
    size_t length;
    char head[HEAD + 1];
};

static int files, server, new;
static long size, asked, most, answered;
static char **contents;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static double processor_time(void) {
    struct timespec time = {0};
    clockid_t clock;
    if (clock_getcpuclockid(server, &clock) || clock_gettime(clock, &time)) {
        fprintf(stderr, "the server's clock can't be read\n");
        exit(2);
    }
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(int status, const char *what) {
    fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "wrong reply");
    exit(status);
}

static void wrong(const char *what) {
    errno = 0;
    fail(1, what);
}

static void ask(struct client *client) {
    char request[128];
    if (most && asked == most) return;
    client->number = asked++ % files;
    client->in_body = 0;
    client->received = client->length = 0;
    int length = snprintf(request, sizeof request, "GET /%05d HTTP/1.1\r\nHost: a\r\n", client->number);
    if (new) length += snprintf(request + length, sizeof request - length, "X-Number: %012ld\r\n", asked);
    length += snprintf(request + length, sizeof request - length, "\r\n");
    if (send(client->fd, request, length, MSG_NOSIGNAL) != length) fail(1, "send");
}

/* Take body bytes and compare them. */
static void compare(struct client *client, const char *data, long count) {
    if (client->received + count > size) wrong("more than was promised");
    if (memcmp(data, contents[client->number] + client->received, count)) wrong("compare");
    client->received += count;
}

static void head(struct client *client) {
    char *end = strstr(client->head, "\r\n\r\n"), *promised;
    if (!end) {
        if (client->length == HEAD) wrong("a head without an end");
        return;
    }
    if (strncmp(client->head, "HTTP/1.1 200", 12)) wrong("status");
    promised = strcasestr(client->head, "\r\ncontent-length:");
    if (!promised || promised > end || atol(promised + 17) != size) wrong("content-length");
    client->in_body = 1;
    compare(client, end + 4, client->length - (end + 4 - client->head));
}

/* Receive; whether the reply is complete. */
static int receive(struct client *client) {
    static char chunk[CHUNK];
    char *into = client->in_body ? chunk : client->head + client->length;
    ssize_t got = read(client->fd, into, client->in_body ? CHUNK : HEAD - (ssize_t)client->length);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got == 0) errno = ECONNRESET;
    if (got <= 0) fail(1, "read");
    if (client->in_body)
        compare(client, chunk, got);
    else {
        client->length += got;
        client->head[client->length] = 0;
        head(client);
    }
    return client->in_body && client->received == size;
}

static void load(const char *folder) {
    char path[4096];
    contents = calloc(files, sizeof *contents);
    for (int i = 0; i < files; i++) {
        snprintf(path, sizeof path, "%s/%05d", folder, i);
        int fd = open(path, O_RDONLY);
        if (fd < 0) fail(2, path);
        size = lseek(fd, 0, SEEK_END);
        contents[i] = malloc(size ? size : 1);
        if (!contents[i] || pread(fd, contents[i], size, 0) != size) fail(2, path);
        if (most) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* it may have been cold, and is to be so again */
        close(fd);
    }
}

int main(int argc, char **argv) {
    static struct epoll_event events[EVENTS];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    if (argc != 8 && argc != 9) {
        fprintf(stderr, "usage: %s PORT FOLDER FILES CONNECTIONS SECONDS REQUESTS PID [NEW]\n", argv[0]);
        return 2;
    }
    address.sin_port = htons(atoi(argv[1]));
    files = atoi(argv[3]);
    int connections = atoi(argv[4]);
    double seconds = atof(argv[5]), start, cpu = 0, left;
    most = atol(argv[6]);
    server = atoi(argv[7]);
    new = argc == 9;
    load(argv[2]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < connections; i++) {
        struct client *client = calloc(1, sizeof *client);
        client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0) fail(2, "connect");
        fcntl(client->fd, F_SETFL, O_NONBLOCK);
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event);
        ask(client);
    }
    start = now();
    if (most) cpu = processor_time();
    for (int counted = most ? 1 : 0; counted < 2; counted++) {
        double end = start + (most ? 3600 : counted ? seconds : seconds / 5);
        while ((left = end - now()) > 0 && !(most && answered == most)) {
            double wait = left * 1000 + 1;
            int ready = epoll_wait(epoll, events, EVENTS, wait < PATIENCE_MS ? wait : PATIENCE_MS);
            if (!ready && wait > PATIENCE_MS) wrong("no answer");
            for (int i = 0; i < ready; i++)
                if (receive(events[i].data.ptr)) {
                    answered++;
                    ask(events[i].data.ptr);
                }
        }
        if (counted) break;
        answered = 0;
        cpu = processor_time();
        start = now();
    }
    double took = now() - start;
    cpu = processor_time() - cpu;
    printf("{\"requests\": %ld, \"bytes\": %ld, \"seconds\": %.6f, \"cpu\": %.6f}\n", answered, answered * size, took, cpu);
    return 0;
}
