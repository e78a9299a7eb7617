#include "netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *body, size_t size) {
  memset(request, 0, sizeof *request);
  request->header.nlmsg_type = type;
  request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
  request->header.nlmsg_len = NLMSG_LENGTH(size);
  memcpy(NLMSG_DATA(&request->header), body, size);
}

void netlink_add(struct netlink_request *request, uint16_t type, const void *data, size_t size) {
  size_t at = NLMSG_ALIGN(request->header.nlmsg_len), length = RTA_LENGTH(size);
  request->header.nlmsg_len = (uint32_t)(at + length);
  if (at + length > sizeof *request) return;
  struct rtattr attribute = {.rta_len = (uint16_t)length, .rta_type = type};
  memcpy((uint8_t *)request + at, &attribute, sizeof attribute);
  memcpy((uint8_t *)request + at + RTA_LENGTH(0), data, size);
}

/* Reads the messages of one datagram: 1 when the answer goes on, 0 at its end, or -errno. */
static int read_datagram(const uint8_t *bytes, int size, netlink_reader *read, void *argument) {
  const struct nlmsghdr *message = (const void *)bytes;
  for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
    /* The acknowledgement is an error of 0; both begin with the number. */
    if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
      if (message->nlmsg_len < NLMSG_LENGTH(sizeof(int))) return message->nlmsg_type == NLMSG_DONE ? 0 : -EIO;
      return *(const int *)NLMSG_DATA(message);
    }
    if (read) read(message, argument);
  }
  return 1;
}

int netlink_ask(int socket, struct netlink_request *request, netlink_reader *read, void *argument) {
  if (request->header.nlmsg_len > sizeof *request) return -EMSGSIZE;
  if (send(socket, request, request->header.nlmsg_len, 0) < 0) return -errno;
  _Alignas(struct nlmsghdr) uint8_t bytes[32768];
  int result = 1;
  while (result > 0) {
    ssize_t n = recv(socket, bytes, sizeof bytes, MSG_TRUNC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    if (n > (ssize_t)sizeof bytes) return -EMSGSIZE;
    result = read_datagram(bytes, (int)n, read, argument);
  }
  return result;
}
