#include "clock.h"

#include <poll.h>
#include <time.h>

#include "kernel.h"

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

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
