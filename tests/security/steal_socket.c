/* A hook that, as nobody but root could, takes the socket to Main out of the waiting Init whose state it gets, and says
 * there that another process is Init:   steal_socket PID */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* helper-c/common/message.h */
enum { MESSAGE_CHILD = 2 };

static int is_sync_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

int main(int argc, char **argv) {
  char state[4096] = "";
  if (argc < 2 || read(STDIN_FILENO, state, sizeof state - 1) <= 0) return 90;
  const char *pid = strstr(state, "\"pid\":");
  int pidfd = pid ? (int)syscall(SYS_pidfd_open, atoi(pid + 6), 0) : -1;
  if (pidfd < 0) return 91;
  uint32_t message[4] = {MESSAGE_CHILD, 0, (uint32_t)atoi(argv[1]), 0};
  for (int fd = 0; fd < 256; fd++) {
    int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    if (copy < 0 || !is_sync_socket(copy)) continue;
    if (send(copy, message, sizeof message, MSG_NOSIGNAL) == sizeof message) return 0;
  }
  return 92;
}
