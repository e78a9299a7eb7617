/* The agent's side of connections (../session/frame.h): one process for each, so that none can hold up another. */
#ifndef KAGO_SERVE_H
#define KAGO_SERVE_H

#include <stdint.h>
#include <sys/types.h>

/* What there is to be served. */
struct guest {
  pid_t program;      /* process 1 of the container's pid namespace */
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

/* How the process of a connection ends to which no client of a socket has come. */
enum { EXIT_IDLE = 3 };

/* Waits for a client of a socket (guest_sockets.c), and relays it to its end. */
_Noreturn void serve_socket(int connection, const struct guest *guest, uint32_t index);

#endif
