/* In a guest, a client of the Unix socket PATH:
 *   ask PATH TEXT      sends the text, closes its own direction, and prints everything that comes back
 *   echo PATH SIZE     sends a pattern and receives it at the same time: prints how much of it was right
 *   pass PATH          sends a descriptor, and prints the result of the next read(2)
 *   many PATH COUNT    opens connections, then uses each, and prints how many were answered
 *   stat PATH          prints type, mode and owner */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what) {
  printf("%s: %s\n", what, strerror(errno));
  return 1;
}

static int open_socket(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static int ask(int fd, const char *text) {
  char bytes[4096];
  ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);
  if (n < 0 || shutdown(fd, SHUT_WR) < 0) return fail("send");
  while ((n = read(fd, bytes, sizeof bytes)) > 0) fwrite(bytes, 1, (size_t)n, stdout);
  if (n < 0) return fail("read");
  putchar('\n');
  return 0;
}

static unsigned char pattern(size_t at) { return (unsigned char)(at * 31 + (at >> 13)); }

static int echo(int fd, size_t size) {
  static unsigned char out[10000], in[7777];
  size_t sent = 0, had = 0;
  for (;;) {
    struct pollfd wait = {.fd = fd, .events = (short)(POLLIN | (sent < size ? POLLOUT : 0))};
    if (poll(&wait, 1, 60000) <= 0) return fail("poll");
    if (sent < size && wait.revents & POLLOUT) {
      size_t most = size - sent < sizeof out ? size - sent : sizeof out;
      for (size_t i = 0; i < most; i++) out[i] = pattern(sent + i);
      ssize_t n = send(fd, out, most, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) return fail("send");
      if (n > 0) sent += (size_t)n;
      if (sent == size) shutdown(fd, SHUT_WR);
    }
    if (!(wait.revents & ~POLLOUT)) continue;
    ssize_t n = read(fd, in, sizeof in);
    if (n < 0) return fail("read");
    if (n == 0) break;
    for (ssize_t i = 0; i < n; i++) {
      if (in[i] != pattern(had++)) return !puts("another byte");
    }
  }
  printf("%zu\n", had);
  return 0;
}

static int pass(int fd) {
  char byte = 'x';
  struct iovec part = {&byte, 1};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  memcpy(CMSG_DATA(&control.header), &(int){1}, sizeof(int));
  if (sendmsg(fd, &message, 0) < 0) return fail("sendmsg");
  ssize_t n = read(fd, &byte, 1);
  printf("%zd\n", n);
  return 0;
}

static int many(const char *path, int count) {
  int fds[500], answered = 0;
  char bytes[16];
  for (int i = 0; i < count; i++) fds[i] = open_socket(path);
  for (int i = 0; i < count; i++) {
    if (send(fds[i], "ping", 4, MSG_NOSIGNAL) == 4 && read(fds[i], bytes, 4) == 4) answered++;
  }
  printf("%d\n", answered);
  return 0;
}

int main(int argc, char **argv) {
  const char *what = argc > 2 ? argv[1] : "", *path = argc > 2 ? argv[2] : "", *more = argc > 3 ? argv[3] : "";
  if (!strcmp(what, "many")) return many(path, atoi(more));
  struct stat info;
  if (!strcmp(what, "stat") && stat(path, &info) == 0) {
    return !printf("%o %u %u\n", info.st_mode, info.st_uid, info.st_gid);
  }
  int fd = open_socket(path);
  if (fd < 0) return fail("connect");
  if (!strcmp(what, "ask")) return ask(fd, more);
  if (!strcmp(what, "echo")) return echo(fd, strtoul(more, NULL, 10));
  return pass(fd);
}
