/* rtnetlink(7): requests of one message, and their answers. Sizes and attributes only, no meaning. */
#ifndef KAGO_NETLINK_H
#define KAGO_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

/* A request under construction: its header, and `size` bytes in all. */
struct netlink_request {
  struct nlmsghdr header;
  uint8_t body[1024];
};

/* Begins a request whose fixed part is `body`. */
void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *body, size_t size);

/* Adds an attribute; what does not fit makes netlink_ask fail. */
void netlink_add(struct netlink_request *request, uint16_t type, const void *data, size_t size);

/* Sees each message of the answer. */
typedef void netlink_reader(const struct nlmsghdr *message, void *argument);

/* Sends the request and reads all of the answer, up to the acknowledgement or the end of a dump: 0 or -errno. */
int netlink_ask(int socket, struct netlink_request *request, netlink_reader *read, void *argument);

#endif
