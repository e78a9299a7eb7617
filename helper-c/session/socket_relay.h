/* A VM's connection to a Unix socket of the host: a pump for stream 0, and a handshake at its end. */
#ifndef KAGO_SOCKET_RELAY_H
#define KAGO_SOCKET_RELAY_H

#include "pump.h"

/* The stream of a relayed socket; the maximum of sockets of a VM, and of connections to all of them. */
enum { SOCKET_STREAM = 0, SOCKETS_MAX = 32, RELAYS_MAX = 256 };

struct socket_relay {
  struct pump pump;
  bool said_bye, heard_bye;
};

/* For pump_step: handles BYE; every other frame is a protocol violation. */
int socket_relay_handle(void *self, const struct frame *frame);

/* One step after poll(2): true when the connection has ended, or is broken and everything received is delivered. The caller
 * closes the connection. */
bool socket_relay_step(struct socket_relay *r, const struct pollfd fds[PUMP_POLLS],
                       int (*handle)(void *self, const struct frame *frame), void *self);

#endif
