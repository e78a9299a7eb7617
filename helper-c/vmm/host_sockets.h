/* The parts of host_sockets.c's thread, for tests. */
#ifndef KAGO_HOST_SOCKETS_H
#define KAGO_HOST_SOCKETS_H

#include <stdbool.h>

#include "../session/socket_relay.h"

/* Adds the socket at `path`, a string that must stay valid: 0 or -errno. */
int sockets_add(const char *path);

/* Starts, with the directory of the agent's socket: 0 or -errno. */
int sockets_begin(int folder);

/* Waits for at most `timeout_ms`, -1 for no limit, and handles the events; false when it cannot continue. */
bool sockets_step(int timeout_ms);

#endif
