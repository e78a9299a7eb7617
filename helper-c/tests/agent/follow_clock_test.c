/* How the guest's clock is changed. The change itself is not made here: the clock would be this machine's. */
#include "../../agent/follow_clock.h"

#include <sys/socket.h>

#include "../../common/clock.h"
#include "../../session/agent_client.h"
#include "../check.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000 };

static void expect_jump(int64_t behind, int64_t seconds, int64_t microseconds) {
  struct timex change = clock_change(behind);
  EQUAL(change.modes, ADJ_SETOFFSET);
  EQUAL(change.time.tv_sec, seconds);
  EQUAL(change.time.tv_usec, microseconds);
}

TEST(a_clock_that_is_far_off_jumps_forward_and_back) {
  expect_jump(100000000000, 100, 0);
  expect_jump(50000000 + MICROSECOND, 0, 50001);
  expect_jump(-100000000000, -100, 0);
  expect_jump(-1250000000, -2, 750000);
  expect_jump(INT64_MAX, 9223372036, 854775);
  expect_jump(INT64_MIN, -9223372037, 145225);
}

TEST(a_clock_that_is_a_little_off_is_made_slower_or_faster) {
  const int64_t some[] = {50 * MILLISECOND, -50 * MILLISECOND, 2 * MILLISECOND, 0};
  for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
    struct timex change = clock_change(some[i]);
    EQUAL(change.modes, ADJ_OFFSET_SINGLESHOT);
    EQUAL(change.offset, some[i] / MICROSECOND);
  }
}

TEST(the_time_is_told_when_it_is_asked_for) {
  static struct pump p;
  int wire[2];
  uint8_t payload[8];
  struct frame frame = {.type = FRAME_CLOCK};
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire) == 0);
  pump_init(&p, wire[0]);
  int64_t before = now_ns(CLOCK_REALTIME);
  EQUAL(follow_clock(&p, &frame), 0);
  EQUAL(pump_flush(&p), 0);
  EQUAL(agent_receive(wire[1], &frame, payload, sizeof payload, 1000), 0);
  EQUAL(frame.type, FRAME_TIME);
  CHECK(read_le64(payload) >= before && read_le64(payload) <= now_ns(CLOCK_REALTIME));
}
