/* The shim's handles on processes: waiting, signals, time limits. */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "../check.h"

#include "../../common/clock.h"
#include "../../shim/shim.h"

static int start(int exit_code, int milliseconds) {
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    usleep((useconds_t)milliseconds * 1000);
    _exit(exit_code);
  }
  return pid;
}

static long milliseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

TEST(kago_wait_gives_the_wait_status) {
  EQUAL(kago_wait(start(7, 0)), 7 << 8);
  int pid = start(0, 60000);
  kill(pid, SIGTERM);
  EQUAL(kago_wait(pid), SIGTERM);
  EQUAL(kago_wait(pid), -ECHILD);
}

static void ignore(int number) { (void)number; }

/* A signal every few milliseconds, whose handler interrupts what sleeps. */
static void interrupt_often(void) {
  struct sigaction action = {.sa_handler = ignore};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {.it_interval = {.tv_usec = 5000}, .it_value = {.tv_usec = 5000}};
  CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

TEST(kago_wait_outlives_interruptions) {
  int pid = start(3, 100);
  interrupt_often();
  EQUAL(kago_wait(pid), 3 << 8);
}

/* From another process: the caller is to wait meanwhile. */
static void end_soon(int pid) {
  pid_t killer = fork();
  CHECK(killer >= 0);
  if (killer > 0) return;
  usleep(50000);
  kill(pid, SIGTERM);
  _exit(0);
}

TEST(pidfd_wait_sees_the_end) {
  int pid = start(0, 60000), pidfd = kago_pidfd_open(pid);
  CHECK(pidfd >= 0);
  EQUAL(pidfd_wait(pidfd, 0), 0);
  end_soon(pid);
  EQUAL(pidfd_wait(pidfd, 20000), 1);
  EQUAL(kago_wait(pid), SIGTERM);
  EQUAL(pidfd_wait(pidfd, 0), 1);
}

TEST(pidfd_wait_gives_up_after_its_time) {
  int pidfd = kago_pidfd_open(start(0, 60000));
  long before = milliseconds_now();
  EQUAL(pidfd_wait(pidfd, 200), 0);
  long waited = milliseconds_now() - before;
  CHECK(waited >= 195 && waited < 30000);
}

TEST(pidfd_wait_outlives_interruptions_and_keeps_its_time) {
  int pidfd = kago_pidfd_open(start(0, 60000));
  long before = milliseconds_now();
  interrupt_often();
  EQUAL(pidfd_wait(pidfd, 200), 0);
  long waited = milliseconds_now() - before;
  CHECK(waited >= 195 && waited < 30000);
}

TEST(pidfd_wait_does_not_take_a_bad_descriptor_for_an_end) { EQUAL(pidfd_wait(250, 0), -EBADF); }

TEST(kago_pidfd_open_refuses_pids_without_a_process) {
  int pid = start(0, 0);
  kago_wait(pid);
  EQUAL(kago_pidfd_open(pid), -ESRCH);
  EQUAL(kago_pidfd_open(0), -EINVAL);
  EQUAL(kago_pidfd_open(-1), -EINVAL);
}

TEST(kago_pidfd_send_signal_reaches_that_process_only) {
  int pid = start(0, 60000), pidfd = kago_pidfd_open(pid);
  EQUAL(kago_pidfd_send_signal(pidfd, 0), 0);
  EQUAL(kago_pidfd_send_signal(pidfd, 65), -EINVAL);
  EQUAL(kago_pidfd_send_signal(pidfd, SIGUSR1), 0);
  EQUAL(kago_wait(pid), SIGUSR1);
  EQUAL(kago_pidfd_send_signal(pidfd, SIGTERM), -ESRCH);
  EQUAL(kago_pidfd_send_signal(-1, SIGTERM), -EBADF);
}

TEST(kago_exit_ends_at_once_with_the_code) {
  pid_t pid = fork();
  if (pid == 0) kago_exit(42);
  EQUAL(kago_wait(pid), 42 << 8);
}

TEST(kago_processors_counts_those_that_the_process_may_run_on) {
  cpu_set_t all, one;
  CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
  EQUAL(kago_processors(), CPU_COUNT(&all));
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++) {
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  }
  CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
  EQUAL(kago_processors(), 1);
}

TEST(kago_limits_has_each_limit_in_its_place) {
  uint64_t limits[2 * RLIM_NLIMITS];
  const struct rlimit files = {50, 60};
  CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
  EQUAL(kago_limits(limits), RLIM_NLIMITS);
  EQUAL((long)limits[2 * RLIMIT_NOFILE], 50);
  EQUAL((long)limits[2 * RLIMIT_NOFILE + 1], 60);
}
