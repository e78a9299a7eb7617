/* Waiting for OOM events, with what stands for the kernel's files; tests/integration/events_test.ts has the real ones. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "../check.h"

#include "../../shim/shim.h"

static int sleeper(void) {
  int pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  CHECK(pid > 0);
  return pid;
}

TEST(kago_oom_watch_says_what_is_missing_and_leaves_nothing_open) {
  int before = dup(0);
  close(before);
  for (int version = 1; version <= 2; version++) {
    EQUAL(kago_oom_watch("none", version), -ENOENT);
    EQUAL(kago_oom_watch(".", version), -ENOENT);
  }
  close(open("memory.oom_control", O_CREAT | O_WRONLY, 0600));
  EQUAL(kago_oom_watch(".", 1), -ENOENT);
  int after = dup(0);
  EQUAL(after, before);
}

TEST(kago_oom_watch_registers_an_eventfd_with_the_file_of_v1) {
  close(open("memory.oom_control", O_CREAT | O_WRONLY, 0600));
  close(open("cgroup.event_control", O_CREAT | O_WRONLY, 0600));
  int watch = kago_oom_watch(".", 1);
  CHECK(watch >= 0);
  char text[32] = "";
  int fd = open("cgroup.event_control", O_RDONLY);
  CHECK(read(fd, text, sizeof text - 1) > 0);
  EQUAL(atoi(text), watch);
  EQUAL(fcntl(watch, F_GETFD), FD_CLOEXEC);
}

TEST(kago_oom_wait_tells_of_an_event_once) {
  int pidfd = kago_pidfd_open(sleeper());
  int event = eventfd(1, EFD_NONBLOCK);
  EQUAL(kago_oom_wait(event, 1, pidfd, 1000), OOM_CHANGED);
  EQUAL(kago_oom_wait(event, 1, pidfd, 10), 0);
}

TEST(kago_oom_wait_ends_with_the_process_and_tells_of_an_event_before) {
  int pid = sleeper();
  int pidfd = kago_pidfd_open(pid);
  EQUAL(kago_oom_wait(-1, 1, pidfd, 10), 0);
  kill(pid, SIGKILL);
  EQUAL(kago_oom_wait(-1, 1, pidfd, 10000), OOM_ENDED);
  EQUAL(kago_oom_wait(eventfd(1, EFD_NONBLOCK), 1, pidfd, 0), OOM_CHANGED | OOM_ENDED);
}

TEST(kago_oom_wait_refuses_descriptors_that_are_none) {
  EQUAL(kago_oom_wait(-1, 1, 900, 0), -EBADF);
  EQUAL(kago_oom_wait(900, 2, kago_pidfd_open(sleeper()), 0), -EBADF);
}
