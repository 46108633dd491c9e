/* One load for all servers: connections that send a message, wait for its reply, check every byte, and send the next.

   load PORT CONNECTIONS BYTES SECONDS [BUSY [PID]]

   Connects CONNECTIONS times to 127.0.0.1; the first BUSY of them (default: all) talk, the others stay silent until the
   end, when each asks once. Prints one line of JSON: how many messages were answered in how many seconds, by how many of
   the busy connections, how many of the silent ones were answered, and the latency in microseconds. A fifth of SECONDS
   goes before as a warm-up that is not counted. With PID, the server's process, also its processor time in these
   seconds, and its resident memory before the connections and after. Ends with status 1 when a byte was wrong or a
   connection was lost, 2 when it could not start. Compile with `cc -O3 -o load load.c`. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 1024, STAMP = 8, CHUNK = 256 * 1024, BREATH = 256, PATIENCE_S = 30 };

struct client {
    int fd;
    size_t sent, received;
    unsigned long messages;
    double began;
    unsigned char *message, *expected;
};

static size_t length;
static double *latencies; /* in seconds, of every message */
static size_t count, room;
static int server; /* its process, or 0 */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(int status, const char *what) {
    fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "wrong reply");
    exit(status);
}

static unsigned char upper(unsigned char byte) { return byte >= 'a' && byte <= 'z' ? byte - 32 : byte; }

/* Every message differs from the one before: a reply to an old one is noticed. */
static void stamp(struct client *client) {
    unsigned long number = client->messages;
    for (size_t i = 0; i < STAMP && i < length; i++, number >>= 4) {
        client->message[i] = 'a' + (number & 15);
        client->expected[i] = 'A' + (number & 15);
    }
}

static void watch(int epoll, int operation, struct client *client, unsigned events) {
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(epoll, operation, client->fd, &event) < 0) fail(2, "epoll_ctl");
}

/* Send what is left of the message; whether all of it is with the kernel. */
static int send_on(struct client *client) {
    ssize_t sent = write(client->fd, client->message + client->sent, length - client->sent);
    if (sent < 0 && errno != EAGAIN) fail(1, "write");
    if (sent > 0) client->sent += sent;
    return client->sent == length;
}

static void begin(int epoll, struct client *client) {
    client->sent = client->received = 0;
    stamp(client);
    client->began = now();
    if (!send_on(client)) watch(epoll, EPOLL_CTL_MOD, client, EPOLLIN | EPOLLOUT);
}

static void note(double latency) {
    if (count == room) {
        room = room ? room * 2 : 1 << 16;
        latencies = realloc(latencies, room * sizeof *latencies);
        if (!latencies) fail(2, "realloc");
    }
    latencies[count++] = latency;
}

/* Receive and compare; whether the reply is complete. */
static int receive(struct client *client) {
    static unsigned char chunk[CHUNK];
    size_t wanted = length - client->received;
    ssize_t got = read(client->fd, chunk, wanted < CHUNK ? wanted : CHUNK);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) {
        if (got == 0) errno = ECONNRESET;
        fail(1, "read");
    }
    if (memcmp(chunk, client->expected + client->received, got)) {
        errno = 0;
        fail(1, "compare");
    }
    client->received += got;
    return client->received == length;
}

static double processor_time(void) {
    struct timespec time = {0};
    clockid_t clock;
    if (server && (clock_getcpuclockid(server, &clock) || clock_gettime(clock, &time))) fail(2, "the server's clock");
    return time.tv_sec + time.tv_nsec / 1e9;
}

static long resident_kib(void) {
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", server);
    FILE *file = server ? fopen(path, "r") : NULL;
    if (file) {
        if (fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
        fclose(file);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* One byte there and back, waited for: the server has accepted this one, and most of those before it. */
static void ask_once(struct client *client) {
    struct timeval patience = {.tv_sec = PATIENCE_S};
    char byte = 'q';
    fcntl(client->fd, F_SETFL, 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (write(client->fd, &byte, 1) != 1) fail(1, "write");
    ssize_t got = read(client->fd, &byte, 1);
    if (got == 0) errno = ECONNRESET;
    if (got != 1) fail(1, "read");
    if (byte != 'Q') {
        errno = 0;
        fail(1, "compare");
    }
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
}

static struct client *connected(int port, int talks, unsigned seed) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct client *client = calloc(1, sizeof *client);
    int on = 1;
    if (!client) fail(2, "calloc");
    address.sin_port = htons(port);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0) fail(2, "socket");
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0) fail(2, "connect");
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!talks) return client;
    client->message = malloc(length);
    client->expected = malloc(length);
    if (!client->message || !client->expected) fail(2, "malloc");
    for (size_t i = 0; i < length; i++) {
        client->message[i] = rand_r(&seed) >> 8;
        client->expected[i] = upper(client->message[i]);
    }
    return client;
}

/* One turn for a client that is ready: send on, receive, and begin anew when the reply is complete. */
static void turn(int epoll, struct client *client, unsigned ready) {
    if (ready & EPOLLOUT && send_on(client)) watch(epoll, EPOLL_CTL_MOD, client, EPOLLIN);
    if (ready & ~EPOLLOUT && receive(client)) {
        note(now() - client->began);
        client->messages++;
        begin(epoll, client);
    }
}

static int ascending(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double percentile_us(double share) { return count ? latencies[(size_t)(share * (count - 1))] * 1e6 : 0; }

static void run(struct client **clients, int connections, int busy, double seconds, const long *resident) {
    double cpu = 0;
    static struct epoll_event events[EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC), answered = 0;
    double start = now(), end = start + seconds / 5, left;
    for (int i = 0; i < busy; i++) {
        watch(epoll, EPOLL_CTL_ADD, clients[i], EPOLLIN);
        begin(epoll, clients[i]);
    }
    for (int counted = 0; counted < 2; counted++) {
        while ((left = end - now()) > 0) {
            int ready = epoll_wait(epoll, events, EVENTS, left * 1000 + 1);
            for (int i = 0; i < ready; i++) turn(epoll, events[i].data.ptr, events[i].events);
        }
        if (counted) break;
        for (int i = 0; i < busy; i++) clients[i]->messages = 0;
        count = 0;
        cpu = processor_time();
        start = now();
        end = start + seconds;
    }
    double took = now() - start, sum = 0;
    cpu = processor_time() - cpu;
    for (int i = busy; i < connections; i++) ask_once(clients[i]);
    for (int i = 0; i < busy; i++) answered += clients[i]->messages > 0;
    for (size_t i = 0; i < count; i++) sum += latencies[i];
    qsort(latencies, count, sizeof *latencies, ascending);
    printf("{\"messages\": %zu, \"bytes\": %zu, \"seconds\": %.6f, \"answered\": %d, \"mean_us\": %.1f, ", count, length, took,
           answered, count ? sum / count * 1e6 : 0);
    printf("\"silent\": %d, \"cpu\": %.6f, \"kib_before\": %ld, \"kib_after\": %ld, ", connections - busy, cpu, resident[0],
           resident[1]);
    printf("\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n", percentile_us(0.5),
           percentile_us(0.9), percentile_us(0.99), percentile_us(1));
}

int main(int argc, char **argv) {
    struct rlimit files;
    if (argc < 5 || argc > 7) {
        fprintf(stderr, "usage: %s PORT CONNECTIONS BYTES SECONDS [BUSY [PID]]\n", argv[0]);
        return 2;
    }
    int port = atoi(argv[1]), connections = atoi(argv[2]), busy = argc > 5 ? atoi(argv[5]) : connections;
    double seconds = atof(argv[4]);
    length = atol(argv[3]);
    if (connections < 1 || length < 1 || seconds <= 0 || busy < 1 || busy > connections) {
        fprintf(stderr, "CONNECTIONS, BYTES, SECONDS and BUSY must be above 0, and BUSY not above CONNECTIONS\n");
        return 2;
    }
    server = argc > 6 ? atoi(argv[6]) : 0;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    struct client **clients = calloc(connections, sizeof *clients);
    if (!clients) fail(2, "calloc");
    long resident[2] = {resident_kib(), 0};
    for (int i = 0; i < connections; i++) {
        clients[i] = connected(port, i < busy, i + 1);
        /* Else a listener's queue overflows, and the kernel tries again after a second. */
        if (i % BREATH == BREATH - 1) ask_once(clients[i]);
    }
    ask_once(clients[connections - 1]);
    resident[1] = resident_kib();
    run(clients, connections, busy, seconds, resident);
    return 0;
}
