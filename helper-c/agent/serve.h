/* The agent's side of connections (../session/frame.h): one process for each, so that none can hold up another. */
#ifndef KAGO_SERVE_H
#define KAGO_SERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What there is to be served. */
struct guest {
  pid_t program;      /* process 1 of the container's pid namespace */
  int pidfd;          /* of it: once it has been reaped, another process may have its number */
  const char *cgroup; /* the folder of the container's cgroup */
};

/* Listens where the host connects to: descriptor or -errno. */
int serve_listen(void);

/* Takes one connection, and gives it a process if it is the host's. */
void serve_accept(int listener, const struct guest *guest);

/* Serves one connection, to its end. */
_Noreturn void serve(int connection, const struct guest *guest);

/* Executes a plan for the host and relays its process; `payload` is that of EXEC. */
_Noreturn void serve_exec(int connection, const struct guest *guest, const uint8_t *payload, uint32_t size);

/* How the process of a connection ends that has relayed nothing: no client of a socket has come, or it was a question. */
enum { EXIT_IDLE = 3 };

/* Are there clients of sockets that no connection has taken? */
bool sockets_have_clients(void);

/* Waits for a client of a socket (guest_sockets.c), and relays it to its end. */
_Noreturn void serve_socket(int connection, const struct guest *guest, uint32_t index);

#endif
