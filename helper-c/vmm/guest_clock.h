/* Makes the guest's clock follow the host's. The difference is measured over the connection of the standard streams:
 * when it is made, whenever the host's clock is set, every ten seconds, and immediately after a longer pause. */
#ifndef KAGO_GUEST_CLOCK_H
#define KAGO_GUEST_CLOCK_H

#include <poll.h>

#include "../session/pump.h"

struct guest_clock {
  int period, set; /* timers: for the next measurement, and for a set of the host's clock */
  int left; /* requests left in this measurement */
  int64_t asked; /* when, by the monotonic clock; 0 if no answer is due */
  int64_t trip, behind; /* nanoseconds: the shortest round trip so far, and the difference it measured */
};

enum { CLOCK_POLLS = 2 };

/* Creates the timers: 0 or -errno. */
int guest_clock_open(struct guest_clock *g);

/* What to poll for. */
void guest_clock_watch(const struct guest_clock *g, struct pollfd fds[CLOCK_POLLS]);

/* After poll(2): starts a measurement if one is due. */
void guest_clock_step(struct guest_clock *g, const struct pollfd fds[CLOCK_POLLS], struct pump *pump);

/* Starts a measurement. */
void guest_clock_ask(struct guest_clock *g, struct pump *pump);

/* Handles a TIME frame: 0, or -EBADMSG if none is due. */
int guest_clock_answer(struct guest_clock *g, const struct frame *frame, struct pump *pump);

#endif
