/* The relay of one process's streams in the guest, to whoever stands for it on the host. */
#ifndef KAGO_SESSION_H
#define KAGO_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "../session/pump.h"

struct session {
  struct pump pump;
  pid_t child; /* -1: it is another's, who waits for it */
  int pidfd;
  int master; /* of its terminal, -1 without */
  bool ended, exit_sent, done;
  bool follows_clock; /* the guest's clock is set by this connection */
  int status;
};

/* Pipes for the process, whose ends are `theirs`: 0 or -errno. */
int session_open_pipes(struct session *s, int theirs[3], uid_t owner);

/* Takes s->master for its streams. */
void session_use_terminal(struct session *s);

/* Relays until the other side has said BYE; when it has gone, the process is killed. */
_Noreturn void session_relay(struct session *s);

#endif
