/* Tries to connect and to send. Static, so that it runs in any root:
 *   connect_tool KIND[=ADDRESS[=PORT]] ...   prints a line `KIND[=...] RESULT` for each; RESULT is ok or an error
 * name
 * Kinds: tcp; fastopen, with data in the first packet; udp, connected; datagram, not connected; astray, connected to
 * loopback and sent elsewhere; routed, a datagram with a route set by the sender; later, a datagram sent once the
 * file /go exists, by a socket created before; raw, ping, packet, mptcp: the socket is only created. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MPTCP = 262, PATIENCE_MS = 20000 };

union address {
  struct sockaddr any;
  struct sockaddr_in ip4;
  struct sockaddr_in6 ip6;
};

static socklen_t parse(union address *a, const char *text, int port) {
  memset(a, 0, sizeof *a);
  if (strchr(text, ':')) {
    a->ip6.sin6_family = AF_INET6;
    a->ip6.sin6_port = htons((uint16_t)port);
    if (inet_pton(AF_INET6, text, &a->ip6.sin6_addr) != 1) exit(2);
    return sizeof a->ip6;
  }
  a->ip4.sin_family = AF_INET;
  a->ip4.sin_port = htons((uint16_t)port);
  if (inet_pton(AF_INET, text, &a->ip4.sin_addr) != 1) exit(2);
  return sizeof a->ip4;
}

static int finish(int fd) {
  struct pollfd wait = {.fd = fd, .events = POLLOUT};
  int error = 0;
  socklen_t size = sizeof error;
  if (poll(&wait, 1, PATIENCE_MS) != 1) return ETIMEDOUT;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) ? errno : error;
}

/* A route over the address itself: loose source routing (RFC 791), and a segment routing header with one segment
 * left (RFC 8754). */
static int choose_route(int fd, const union address *a) {
  if (a->any.sa_family == AF_INET) {
    unsigned char option[8] = {131, 7, 4};
    memcpy(option + 3, &a->ip4.sin_addr, 4);
    return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, option, sizeof option);
  }
  unsigned char header[40] = {0, 4, 4, 1, 1};
  memcpy(header + 8, &a->ip6.sin6_addr, 16);
  memcpy(header + 24, &a->ip6.sin6_addr, 16);
  return setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, header, sizeof header);
}

static int attempt(const char *kind, const union address *a, socklen_t size) {
  int family = a->any.sa_family, fd;
  if (!strcmp(kind, "raw")) return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 ? errno : 0;
  if (!strcmp(kind, "ping")) return socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) < 0 ? errno : 0;
  if (!strcmp(kind, "mptcp")) return socket(AF_INET, SOCK_STREAM, MPTCP) < 0 ? errno : 0;
  if (!strcmp(kind, "packet")) return socket(AF_PACKET, SOCK_DGRAM, htons(0x0800)) < 0 ? errno : 0;
  if (!strcmp(kind, "tcp") || !strcmp(kind, "fastopen")) {
    if ((fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0)) < 0) return errno;
    int failed = *kind == 't' ? connect(fd, &a->any, size) < 0
                              : sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, &a->any, size) < 0;
    return !failed ? 0 : errno == EINPROGRESS ? finish(fd) : errno;
  }
  if ((fd = socket(family, SOCK_DGRAM, 0)) < 0) return errno;
  if (!strcmp(kind, "udp")) return connect(fd, &a->any, size) < 0 || send(fd, "x", 1, 0) < 0 ? errno : 0;
  if (!strcmp(kind, "astray")) {
    union address loopback;
    socklen_t length = parse(&loopback, family == AF_INET ? "127.0.0.1" : "::1", 9);
    if (connect(fd, &loopback.any, length) < 0) return errno;
  }
  if (!strcmp(kind, "later")) {
    puts("waiting");
    fflush(stdout);
    while (access("/go", F_OK)) usleep(50000);
  }
  if (!strcmp(kind, "routed") && choose_route(fd, a) < 0) return errno;
  return sendto(fd, "x", 1, 0, &a->any, size) < 0 ? errno : 0;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    char kind[32] = "", host[64] = "127.0.0.1", port[8] = "80";
    sscanf(argv[i], "%31[^=]=%63[^=]=%7s", kind, host, port);
    union address address;
    socklen_t size = parse(&address, host, atoi(port));
    int error = attempt(kind, &address, size);
    printf("%s %s\n", argv[i], error ? strerrorname_np(error) : "ok");
    fflush(stdout);
  }
  return 0;
}
