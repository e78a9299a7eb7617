/* The relay of one process's streams, in the guest, to the process that represents it on the host. */
#ifndef KAGO_SESSION_H
#define KAGO_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "../session/pump.h"

struct session {
  struct pump pump;
  pid_t child; /* -1 if another process waits for it */
  int pidfd;
  int master; /* of its terminal, -1 without one */
  bool ended, exit_sent, done;
  bool follows_clock; /* this connection sets the guest's clock */
  int status;
};

/* Makes pipes for the process, whose ends are `theirs`: 0 or -errno. */
int session_open_pipes(struct session *s, int theirs[3], uid_t owner);

/* Uses s->master for the streams. */
void session_use_terminal(struct session *s);

/* Relays until the host sends BYE. If the connection is lost, kills the process. */
_Noreturn void session_relay(struct session *s);

#endif
