#include "clock.h"

#include <poll.h>

#include "kernel.h"

int64_t now_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int64_t now_ms(void) { return now_ns(CLOCK_MONOTONIC) / 1000000; }

int left_ms(int64_t end) {
  int64_t left = end - now_ms();
  return left > 0 ? (int)left : 0;
}

int pidfd_wait(int pidfd, int timeout_ms) {
  struct pollfd wait = {.fd = pidfd, .events = POLLIN};
  int64_t end = now_ms() + timeout_ms;
  int result = as_result(poll(&wait, 1, timeout_ms));
  while (result == -EINTR) result = as_result(poll(&wait, 1, timeout_ms < 0 ? -1 : left_ms(end)));
  return wait.revents & POLLNVAL ? -EBADF : result;
}
