/* How a VMM sets its guest's clock, against a socket pair: the guest is the test, whose clock is wrong by what it says. */
#include "../../vmm/guest_clock.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "../../common/clock.h"
#include "../../session/agent_client.h"
#include "../check.h"

enum { PATIENCE_MS = 20000, MILLISECOND = 1000000 };
static const int64_t HUNDRED_SECONDS = 100000000000;

static struct guest_clock g;
static struct pump p;
static int guest;

static void connect_guest(void) {
  int wire[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire) == 0);
  pump_init(&p, wire[0]);
  guest = wire[1];
  EQUAL(guest_clock_open(&g), 0);
}

static enum frame_type next(uint8_t payload[8]) {
  struct frame frame;
  EQUAL(agent_receive(guest, &frame, payload, 8, PATIENCE_MS), 0);
  return frame.type;
}

static bool silent(void) {
  struct pollfd fd = {.fd = guest, .events = POLLIN};
  return poll(&fd, 1, 0) == 0;
}

/* After `delay_ms`, with a clock that is `behind` the host's. */
static int answer(int64_t behind, int delay_ms) {
  uint8_t payload[8];
  EQUAL(next(payload), FRAME_CLOCK);
  write_le64(payload, now_ns(CLOCK_REALTIME) - behind);
  if (delay_ms) usleep((useconds_t)delay_ms * 1000);
  return guest_clock_answer(&g, &(struct frame){.type = FRAME_TIME, .size = 8, .payload = payload}, &p);
}

static int64_t adjustment(void) {
  uint8_t payload[8];
  EQUAL(next(payload), FRAME_ADJUST);
  return read_le64(payload);
}

/* What a measurement comes to: answers until nothing more is asked. */
static void expect_adjustment(int64_t behind) {
  uint8_t payload[8];
  struct frame frame;
  for (;;) {
    EQUAL(agent_receive(guest, &frame, payload, sizeof payload, PATIENCE_MS), 0);
    if (frame.type == FRAME_ADJUST) break;
    EQUAL(frame.type, FRAME_CLOCK);
    write_le64(payload, now_ns(CLOCK_REALTIME) - behind);
    EQUAL(guest_clock_answer(&g, &(struct frame){.type = FRAME_TIME, .size = 8, .payload = payload}, &p), 0);
  }
  int64_t error = read_le64(payload) - behind;
  CHECK(error > -1000 * MILLISECOND && error < 1000 * MILLISECOND);
}

TEST(a_clock_that_is_behind_or_ahead_is_adjusted_by_as_much) {
  connect_guest();
  guest_clock_ask(&g, &p);
  expect_adjustment(HUNDRED_SECONDS);
  guest_clock_ask(&g, &p);
  expect_adjustment(-HUNDRED_SECONDS);
}

TEST(a_clock_that_is_right_is_left_alone) {
  connect_guest();
  for (int i = 0; i < 20; i++) {
    guest_clock_ask(&g, &p);
    do EQUAL(answer(0, 0), 0);
    while (!silent());
  }
}

TEST(an_answer_that_was_held_up_is_asked_for_again_and_the_quickest_counts) {
  connect_guest();
  guest_clock_ask(&g, &p);
  EQUAL(answer(HUNDRED_SECONDS, 1000), 0);
  EQUAL(answer(HUNDRED_SECONDS, 400), 0);
  EQUAL(answer(HUNDRED_SECONDS, 1000), 0);
  EQUAL(answer(HUNDRED_SECONDS, 1000), 0);
  int64_t error = adjustment() - HUNDRED_SECONDS;
  /* Half of 400 ms is what that one may be wrong by, and here is. */
  CHECK(error > 150 * MILLISECOND && error < 400 * MILLISECOND);
  CHECK(silent());
}

TEST(an_answer_that_nobody_has_asked_for_is_a_violation) {
  uint8_t payload[8] = {0};
  struct frame frame = {.type = FRAME_TIME, .size = 8, .payload = payload};
  connect_guest();
  EQUAL(guest_clock_answer(&g, &frame, &p), -EBADMSG);
  guest_clock_ask(&g, &p);
  write_le64(payload, -1);
  EQUAL(guest_clock_answer(&g, &frame, &p), -EBADMSG);
}

TEST(a_guest_that_does_not_answer_is_asked_once) {
  uint8_t payload[8];
  connect_guest();
  for (int i = 0; i < 1000; i++) guest_clock_ask(&g, &p);
  EQUAL(next(payload), FRAME_CLOCK);
  CHECK(silent());
}

TEST(a_guest_that_takes_nothing_holds_nobody_up) {
  connect_guest();
  while (pump_send(&p, FRAME_RESIZE, 0, "12345678", 8) == 0) continue;
  guest_clock_ask(&g, &p);
  EQUAL(g.asked == 0 || p.out_end > 0, 1);
}

TEST(a_measurement_begins_when_its_time_has_come_and_not_without_a_connection) {
  struct pollfd fds[CLOCK_POLLS];
  struct itimerspec soon = {.it_value.tv_nsec = MILLISECOND};
  uint8_t payload[8];
  connect_guest();
  EQUAL(timerfd_settime(g.period, 0, &soon, NULL), 0);
  guest_clock_watch(&g, fds);
  EQUAL(poll(fds, CLOCK_POLLS, PATIENCE_MS), 1);
  guest_clock_step(&g, fds, &p);
  EQUAL(next(payload), FRAME_CLOCK);
  g.asked = 0;
  p.wire = -1;
  EQUAL(timerfd_settime(g.period, 0, &soon, NULL), 0);
  EQUAL(poll(fds, CLOCK_POLLS, PATIENCE_MS), 1);
  guest_clock_step(&g, fds, &p);
  EQUAL(g.asked, 0);
}
