/* Time in milliseconds, and the waits that are measured by it. */
#ifndef KAGO_CLOCK_H
#define KAGO_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds, on any clock. */
int64_t now_ns(clockid_t clock);

/* Of a clock that nobody sets. */
int64_t now_ms(void);

/* Until `end`, which is of now_ms(); never less than 0. */
int left_ms(int64_t end);

/* Waits until the process has ended: 1, or 0 after `timeout_ms`, or -errno. */
int pidfd_wait(int pidfd, int timeout_ms);

#endif
