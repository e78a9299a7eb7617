/* The guest's clock, which follows the host's: nothing else sets it by kago's word. */
#ifndef KAGO_FOLLOW_CLOCK_H
#define KAGO_FOLLOW_CLOCK_H

#include <sys/timex.h>

#include "../session/pump.h"

/* Answers CLOCK, and does what ADJUST says: 0, or -ENOBUFS. A kernel that does not take a change keeps its time. */
int follow_clock(struct pump *pump, const struct frame *frame);

/* What adjtimex(2) is asked for a clock that is `behind` nanoseconds behind. */
struct timex clock_change(int64_t behind);

#endif
