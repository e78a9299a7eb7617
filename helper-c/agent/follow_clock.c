#include "follow_clock.h"

#include <errno.h>

#include "../common/clock.h"

/* Up to this difference, in nanoseconds, the clock is slewed by half a millisecond per second, so that programs
 * never see it go back. A larger one, after a pause or when the host's clock was set, is stepped. */
enum { SLEW_MOST = 50000000, MICROSECOND = 1000, SECOND = 1000000000 };

struct timex clock_change(int64_t behind) {
  if (behind >= -SLEW_MOST && behind <= SLEW_MOST) {
    return (struct timex){.modes = ADJ_OFFSET_SINGLESHOT, .offset = behind / MICROSECOND};
  }
  struct timex change = {.modes = ADJ_SETOFFSET};
  change.time.tv_sec = behind / SECOND;
  change.time.tv_usec = behind % SECOND / MICROSECOND;
  if (change.time.tv_usec < 0) { /* adjtimex(2) requires it to be non-negative */
    change.time.tv_sec--;
    change.time.tv_usec += SECOND / MICROSECOND;
  }
  return change;
}

int follow_clock(struct pump *pump, const struct frame *frame) {
  if (frame->type == FRAME_CLOCK) {
    uint8_t now[8];
    write_le64(now, now_ns(CLOCK_REALTIME));
    return pump_send(pump, FRAME_TIME, 0, now, sizeof now);
  }
  struct timex change = clock_change(read_le64(frame->payload));
  if (adjtimex(&change) < 0) errno = 0;
  return 0;
}
