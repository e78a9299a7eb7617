/* Makes the guest's clock follow the host's. Nothing else in kago sets it. */
#ifndef KAGO_FOLLOW_CLOCK_H
#define KAGO_FOLLOW_CLOCK_H

#include <sys/timex.h>

#include "../session/pump.h"

/* Answers CLOCK, and applies ADJUST: 0, or -ENOBUFS. A kernel that refuses the change keeps its time. */
int follow_clock(struct pump *pump, const struct frame *frame);

/* The adjtimex(2) request for a clock that is `behind` nanoseconds behind. */
struct timex clock_change(int64_t behind);

#endif
