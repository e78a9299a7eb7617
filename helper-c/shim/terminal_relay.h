/* Relays bytes between kago's standard streams and the master of a container's terminal. */
#ifndef KAGO_TERMINAL_RELAY_H
#define KAGO_TERMINAL_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { RELAY_CHUNK = 32 << 10 };

struct relay {
  int from, to;
  int news;  /* becomes readable on an event at `from`; -1 for none */
  bool hung; /* no process has the terminal open; `news` becomes readable when one opens it */
  size_t start, end;
  char bytes[RELAY_CHUNK];
};

/* A relay from a terminal's master has `news`, which relay_end closes. With `from` -1 a relay does nothing. */
void relay_begin(struct relay *r, int from, int to, bool from_master);
void relay_end(struct relay *r);

/* What to poll for before the next relay_step. */
struct pollfd relay_watch(const struct relay *r);

/* One read or one write. The relay stops at the end of its input, or if its output has no reader. */
void relay_step(struct relay *r);

/* Relays what is left in the terminal of a process that has ended. */
void relay_drain(struct relay *r);

#endif
