#include "message.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel.h"

int unix_address(const char *path, struct sockaddr_un *address) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
  strcpy(address->sun_path, path);
  return 0;
}

int socket_send(int socket, const void *bytes, size_t size, int flags, int fd) {
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
  return as_result(sendmsg(socket, &datagram, flags | MSG_NOSIGNAL));
}

int socket_receive(int socket, void *bytes, size_t size, int flags, int *passed) {
  struct iovec part = {bytes, size};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr datagram = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))};
  int n = as_result(recvmsg(socket, &datagram, flags | MSG_CMSG_CLOEXEC));
  *passed = -1;
  const struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&datagram);
  bool is_descriptor = header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS;
  if (is_descriptor && header->cmsg_len == CMSG_LEN(sizeof(int))) memcpy(passed, CMSG_DATA(header), sizeof *passed);
  return n;
}

int message_send(int socket, const struct message *message, int fd) {
  int sent = socket_send(socket, message, sizeof *message, 0, fd);
  return sent < 0 ? sent : 0;
}

int answer_receive(int socket) {
  unsigned char answer;
  int n = -EINTR;
  for (int i = 0; n == -EINTR && i < MOST_INTERRUPTIONS; i++) n = as_result(recv(socket, &answer, 1, 0));
  return n <= 0 ? n : answer;
}

/* The whole file, followed by two NULs, in allocated memory; closes `fd`. */
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
  int n = -EINTR, fd = -1;
  for (int i = 0; n == -EINTR && i < MOST_INTERRUPTIONS; i++) n = socket_receive(socket, &answer, 1, 0, &fd);
  if (n <= 0) return n;
  int result = fd < 0 ? 0 : read_text(fd, text);
  return result < 0 ? result : answer;
}
