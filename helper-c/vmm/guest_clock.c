#include "guest_clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/kernel.h"

enum {
  PERIOD_S = 10,
  QUESTIONS = 4, /* at most, per measurement: a delayed answer is imprecise */
  QUICK = 10000000, /* a round trip of at most so many nanoseconds is not repeated */
  LEAST = 1000000 /* smaller differences stay */
};

int guest_clock_open(struct guest_clock *g) {
  *g = (struct guest_clock){.period = -1, .set = -1};
  struct itimerspec every = {.it_interval.tv_sec = PERIOD_S, .it_value.tv_sec = PERIOD_S};
  /* Never expires, but is cancelled whenever the clock is set (timerfd_create(2)). */
  struct itimerspec never = {.it_value.tv_sec = (time_t)1 << 33};
  g->period = as_result(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (g->period < 0) return g->period;
  g->set = as_result(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (g->set < 0) return g->set;
  int result = as_result(timerfd_settime(g->period, 0, &every, NULL));
  if (result < 0) return result;
  return as_result(timerfd_settime(g->set, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL));
}

void guest_clock_watch(const struct guest_clock *g, struct pollfd fds[CLOCK_POLLS]) {
  fds[0] = (struct pollfd){.fd = g->period, .events = POLLIN};
  fds[1] = (struct pollfd){.fd = g->set, .events = POLLIN};
}

static void send_question(struct guest_clock *g, struct pump *pump) {
  g->asked = now_ns(CLOCK_MONOTONIC);
  /* If the guest reads nothing any more, it is asked again at the next measurement. */
  if (pump_send(pump, FRAME_CLOCK, 0, NULL, 0) < 0) g->asked = 0;
  pump_flush(pump);
}

void guest_clock_ask(struct guest_clock *g, struct pump *pump) {
  g->left = QUESTIONS;
  g->trip = INT64_MAX;
  /* An answer that is due will be the first. */
  if (g->asked == 0) send_question(g, pump);
}

void guest_clock_step(struct guest_clock *g, const struct pollfd fds[CLOCK_POLLS], struct pump *pump) {
  uint64_t times;
  for (int i = 0; i < CLOCK_POLLS; i++) {
    if (!fds[i].revents) continue;
    if (read(fds[i].fd, &times, sizeof times) < 0 && errno == EAGAIN) continue;
    if (pump->wire >= 0) guest_clock_ask(g, pump);
  }
}

/* A difference within the measurement's error is not corrected. */
static void finish(const struct guest_clock *g, struct pump *pump) {
  uint8_t payload[8];
  if (llabs(g->behind) <= g->trip / 2 + LEAST) return;
  write_le64(payload, g->behind);
  pump_send(pump, FRAME_ADJUST, 0, payload, sizeof payload);
  pump_flush(pump);
}

int guest_clock_answer(struct guest_clock *g, const struct frame *frame, struct pump *pump) {
  int64_t trip = now_ns(CLOCK_MONOTONIC) - g->asked, guest = read_le64(frame->payload);
  if (g->asked == 0 || guest < 0) return -EBADMSG;
  g->asked = 0;
  if (trip < g->trip) {
    g->trip = trip;
    /* Assumes that the guest read its clock halfway through the round trip. */
    g->behind = now_ns(CLOCK_REALTIME) - trip / 2 - guest;
  }
  if (g->trip > QUICK && --g->left > 0) send_question(g, pump);
  else finish(g, pump);
  return 0;
}
