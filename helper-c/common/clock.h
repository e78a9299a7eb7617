/* Time in milliseconds, and waits with timeouts. */
#ifndef KAGO_CLOCK_H
#define KAGO_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds, by any clock. */
int64_t now_ns(clockid_t clock);

/* Milliseconds of the monotonic clock. */
int64_t now_ms(void);

/* Milliseconds until `end`, a time of now_ms(); at least 0. */
int left_ms(int64_t end);

/* Waits until the process has ended: 1, or 0 after `timeout_ms`, or -errno. */
int pidfd_wait(int pidfd, int timeout_ms);

#endif
