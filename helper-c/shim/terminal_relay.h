/* Bytes on their way between our standard streams and the master of a container's terminal. */
#ifndef KAGO_TERMINAL_RELAY_H
#define KAGO_TERMINAL_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { RELAY_CHUNK = 32 << 10 };

struct relay {
  int from, to;
  int news;  /* becomes readable when something happens at `from`; -1 for none */
  bool hung; /* nobody has the terminal open: there will be news when somebody opens it again */
  size_t start, end;
  char bytes[RELAY_CHUNK];
};

/* A relay from a terminal's master has news, which relay_end closes; -1 for `from` is a relay that does nothing. */
void relay_begin(struct relay *r, int from, int to, bool from_master);
void relay_end(struct relay *r);

/* What to wait for before the next relay_step. */
struct pollfd relay_watch(const struct relay *r);

/* One read or one write; at the end of the input, or when nobody reads the output, the relay stops. */
void relay_step(struct relay *r);

/* Passes on what is in the terminal of a process that has ended. */
void relay_drain(struct relay *r);

#endif
