#include "message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

int datagram_send(int socket, const void *bytes, size_t size, int fd) {
  struct iovec part = {(void *)(uintptr_t)bytes, size};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr datagram = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd >= 0) {
    memset(&control, 0, sizeof control);
    datagram.msg_control = &control;
    datagram.msg_controllen = sizeof control.space;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  }
  return as_result(sendmsg(socket, &datagram, MSG_NOSIGNAL));
}

int message_send(int socket, const struct message *message, int fd) {
  int sent = datagram_send(socket, message, sizeof *message, fd);
  return sent < 0 ? sent : 0;
}

int answer_receive(int socket) {
  unsigned char answer;
  int n = -EINTR;
  for (int i = 0; n == -EINTR && i < MOST_INTERRUPTIONS; i++) n = as_result(recv(socket, &answer, 1, 0));
  return n <= 0 ? n : answer;
}

/* The whole file, with two NULs behind it, in memory of its own; `fd` is closed. */
static int read_text(int fd, char **text) {
  struct stat info;
  int result = as_result(fstat(fd, &info));
  size_t size = result < 0 ? 0 : (size_t)info.st_size, filled = 0;
  char *bytes = result < 0 ? NULL : calloc(1, size + 2);
  if (result == 0 && !bytes) result = -ENOMEM;
  while (result >= 0 && filled < size) {
    result = as_result(pread(fd, bytes + filled, size - filled, (off_t)filled));
    if (result == 0) result = -EIO;
    if (result > 0) filled += (size_t)result;
  }
  close(fd);
  if (result >= 0) *text = bytes;
  else free(bytes);
  return result < 0 ? result : 0;
}

int answer_receive_text(int socket, char **text) {
  unsigned char answer;
  struct iovec part = {&answer, sizeof answer};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr datagram = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  int n = -EINTR, fd = -1;
  for (int i = 0; n == -EINTR && i < MOST_INTERRUPTIONS; i++) n = as_result(recvmsg(socket, &datagram, MSG_CMSG_CLOEXEC));
  if (n <= 0) return n;
  const struct cmsghdr *header = CMSG_FIRSTHDR(&datagram);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  int result = fd < 0 ? 0 : read_text(fd, text);
  return result < 0 ? result : answer;
}
