/* Both ends of sd_notify(3). `notify_tool send TEXT`: sends TEXT to the socket that NOTIFY_SOCKET names. `notify_tool receive
 * ADDRESS`: is a service manager there, says "listening", and then a line for each datagram, with | for a newline and
 * " +fd" for a descriptor that came along, which it closes. Ends with its input. */
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t address_of(const char *text, struct sockaddr_un *address) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  strncpy(address->sun_path, text, sizeof address->sun_path - 1);
  if (*text == '@') address->sun_path[0] = 0;
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) + (*text == '/'));
}

static int send_text(const char *text) {
  struct sockaddr_un address;
  const char *to = getenv("NOTIFY_SOCKET");
  if (!to) {
    fputs("NOTIFY_SOCKET is not set\n", stderr);
    return 2;
  }
  socklen_t length = address_of(to, &address);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, length) >= 0) return 0;
  perror(to);
  return 1;
}

static void receive_one(int fd) {
  char text[4097], space[CMSG_SPACE(sizeof(int))];
  struct iovec part = {text, sizeof text - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  ssize_t n = recvmsg(fd, &message, 0);
  if (n < 0) exit(1);
  text[n] = 0;
  for (char *at = text; *at; at++) {
    if (*at == '\n') *at = '|';
  }
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  int passed = header && header->cmsg_type == SCM_RIGHTS;
  printf("%s%s\n", text, passed ? " +fd" : "");
  fflush(stdout);
  if (passed) close(*(int *)(void *)CMSG_DATA(header));
}

int main(int argc, char **argv) {
  struct sockaddr_un address;
  if (argc == 3 && !strcmp(argv[1], "send")) return send_text(argv[2]);
  if (argc != 3 || strcmp(argv[1], "receive")) return 2;
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  socklen_t length = address_of(argv[2], &address);
  if (bind(fd, (struct sockaddr *)&address, length) < 0) {
    perror(argv[2]);
    return 1;
  }
  puts("listening");
  fflush(stdout);
  struct pollfd fds[] = {{.fd = 0, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
  while (poll(fds, 2, -1) > 0 && !fds[0].revents) receive_one(fd);
  return 0;
}
