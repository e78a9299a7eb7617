/* Both ends of a network test, static so that it runs in any root:
 *   net_tool tcp|udp ADDRESS PORT TEXT   sends TEXT and prints the answer; exits with 1 if there is none within 10 s
 *   net_tool serve SECONDS               answers "TEXT from NAME", with $NAME, on TCP 80 and 8080 and UDP 5353, and
 *                                        every DNS query for an address on UDP 53 with 192.0.2.7 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in address_of(const char *text, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

static int fail(const char *what) {
  perror(what);
  return 1;
}

static int ask(int type, const char *to, int port, const char *text) {
  struct sockaddr_in address = address_of(to, port);
  struct timeval patience = {.tv_sec = 10};
  char answer[256];
  int fd = socket(AF_INET, type, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) return fail("connect");
  if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) return fail("send");
  ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
  if (n <= 0) return fail("recv");
  printf("%.*s\n", (int)n, answer);
  return 0;
}

static int listen_on(int type, int port) {
  struct sockaddr_in address = address_of("0.0.0.0", port);
  int fd = socket(AF_INET, type, 0), yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) || (type == SOCK_STREAM && listen(fd, 8))) {
    fprintf(stderr, "port %d: ", port);
    perror("listen");
    close(fd);
    return -1;
  }
  return fd;
}

static int with_name(char *answer, size_t size, const char *text, ssize_t n) {
  const char *name = getenv("NAME");
  return snprintf(answer, size, "%.*s from %s", (int)n, text, name ? name : "nobody");
}

static void answer_stream(int fd) {
  char text[128], answer[256];
  int peer = accept(fd, NULL, NULL);
  ssize_t n = peer < 0 ? -1 : recv(peer, text, sizeof text, 0);
  if (n > 0) send(peer, answer, (size_t)with_name(answer, sizeof answer, text, n), MSG_NOSIGNAL);
  if (peer >= 0) close(peer);
}

/* RFC 1035: the query itself, marked as an answer, with one resource record that refers to the queried name. */
static ssize_t dns_answer(unsigned char *message, ssize_t n) {
  static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7};
  ssize_t end = 12;
  while (end < n && message[end]) end += message[end] + 1;
  end += 5;
  if (end > n) return 0;
  int is_address = message[end - 3] == 1;
  message[2] = 0x81;
  message[3] = 0x80;
  message[7] = (unsigned char)is_address;
  message[9] = message[11] = 0;
  if (is_address) memcpy(message + end, record, sizeof record);
  return end + (is_address ? (ssize_t)sizeof record : 0);
}

static void answer_datagram(int fd, int is_dns) {
  char text[512], answer[512];
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  ssize_t n = recvfrom(fd, text, 256, 0, (struct sockaddr *)&from, &size);
  if (n <= 0) return;
  const char *reply = is_dns ? text : answer;
  n = is_dns ? dns_answer((unsigned char *)text, n) : with_name(answer, sizeof answer, text, n);
  if (n > 0) sendto(fd, reply, (size_t)n, 0, (struct sockaddr *)&from, size);
}

static int serve(int seconds) {
  struct pollfd fds[] = {{.fd = listen_on(SOCK_STREAM, 80), .events = POLLIN},
                         {.fd = listen_on(SOCK_STREAM, 8080), .events = POLLIN},
                         {.fd = listen_on(SOCK_DGRAM, 5353), .events = POLLIN},
                         {.fd = listen_on(SOCK_DGRAM, 53), .events = POLLIN}};
  puts("serving");
  fflush(stdout);
  alarm((unsigned)seconds);
  while (poll(fds, 4, -1) > 0) {
    for (int i = 0; i < 4; i++) {
      if (!(fds[i].revents & POLLIN)) continue;
      if (i < 2) answer_stream(fds[i].fd);
      else answer_datagram(fds[i].fd, i == 3);
    }
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "serve")) return serve(atoi(argv[2]));
  if (argc != 5) return 2;
  return ask(!strcmp(argv[1], "tcp") ? SOCK_STREAM : SOCK_DGRAM, argv[2], atoi(argv[3]), argv[4]);
}
