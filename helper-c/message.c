#include "message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel.h"

int message_send(int socket, const struct message *message, int fd) {
  struct message copy = *message;
  struct iovec part = {&copy, sizeof copy};
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
  int sent = as_result(sendmsg(socket, &datagram, MSG_NOSIGNAL));
  return sent < 0 ? sent : 0;
}

int answer_receive(int socket) {
  unsigned char answer;
  int n = -EINTR;
  for (int i = 0; n == -EINTR && i < MOST_INTERRUPTIONS; i++) n = as_result(recv(socket, &answer, 1, 0));
  return n <= 0 ? n : answer;
}

int answer_receive_text(int socket, char **text) {
  /* MSG_TRUNC: the datagram's real size. */
  int size = as_result(recv(socket, NULL, 0, MSG_PEEK | MSG_TRUNC));
  if (size <= 0) return size;
  char *bytes = calloc(1, (size_t)size + 2);
  if (!bytes) return -ENOMEM;
  int n = as_result(recv(socket, bytes, (size_t)size, 0));
  *text = bytes + 1;
  return n <= 0 ? n : (unsigned char)bytes[0];
}
