/* The guest's clock follows the host's: the difference is measured over the connection of the standard streams: when it is
 * made, whenever the host's clock is set, and every ten seconds, after a longer pause immediately. */
#ifndef KAGO_GUEST_CLOCK_H
#define KAGO_GUEST_CLOCK_H

#include <poll.h>

#include "../session/pump.h"

struct guest_clock {
  int period, set; /* timers: the next measurement is due, the host's clock was set */
  int left; /* questions of this measurement */
  int64_t asked; /* when, of the monotonic clock; 0 when no answer is due */
  int64_t trip, behind; /* in nanoseconds: the shortest round trip so far, and the difference that it measured */
};

enum { CLOCK_POLLS = 2 };

/* Makes the timers: 0 or -errno. */
int guest_clock_open(struct guest_clock *g);

/* What to poll for. */
void guest_clock_watch(const struct guest_clock *g, struct pollfd fds[CLOCK_POLLS]);

/* After poll(2): starts a measurement if one is due. */
void guest_clock_step(struct guest_clock *g, const struct pollfd fds[CLOCK_POLLS], struct pump *pump);

/* Begins a measurement. */
void guest_clock_ask(struct guest_clock *g, struct pump *pump);

/* Takes a TIME: 0, or -EBADMSG for one that was not asked for. */
int guest_clock_answer(struct guest_clock *g, const struct frame *frame, struct pump *pump);

#endif
