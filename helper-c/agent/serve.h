/* The agent's side of connections (../session/frame.h). Each is served by its own process, so that none delays
 * another. */
#ifndef KAGO_SERVE_H
#define KAGO_SERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What connections are served with. */
struct guest {
  pid_t program;      /* process 1 of the container's pid namespace */
  int pidfd;          /* of `program`: after it is reaped, its pid may be reused */
  const char *cgroup; /* directory of the container's cgroup */
};

/* Listens for the host: descriptor or -errno. */
int serve_listen(void);

/* Accepts one connection. If it is the host's, starts a process that serves it. */
void serve_accept(int listener, const struct guest *guest);

/* Serves one connection until it ends. */
_Noreturn void serve(int connection, const struct guest *guest);

/* Executes a plan for the host and relays its process; `payload` is that of EXEC. */
_Noreturn void serve_exec(int connection, const struct guest *guest, const uint8_t *payload, uint32_t size);

/* Exit code of a connection's process that relayed nothing: no client of a socket came, or the connection was a
 * single request. */
enum { EXIT_IDLE = 3 };

/* Are there clients of sockets that have not been accepted? */
bool sockets_have_clients(void);

/* Waits for a client of a socket (guest_sockets.c), and relays it until it ends. */
_Noreturn void serve_socket(int connection, const struct guest *guest, uint32_t index);

#endif
