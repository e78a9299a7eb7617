/* The thread of host_sockets.c in its parts, for tests. */
#ifndef KAGO_HOST_SOCKETS_H
#define KAGO_HOST_SOCKETS_H

#include <stdbool.h>

#include "../session/socket_relay.h"

/* Adds the socket at `path`, which has to last: 0 or -errno. */
int sockets_add(const char *path);

/* Begins, with the folder of the agent's socket: 0 or -errno. */
int sockets_begin(int folder);

/* Waits for at most `timeout_ms`, -1 for as long as it takes, and deals with what is there; false when it cannot go on. */
bool sockets_step(int timeout_ms);

#endif
