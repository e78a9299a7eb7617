/* on_every_thread(): credentials and flags that Linux keeps for each thread hold for all, or the call fails. */
#include "../check.h"
#include "../threads_fixture.h"

#include <sys/resource.h>
#include <time.h>

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root to change credentials")

TEST(no_new_privileges_holds_for_threads_that_wait_or_work) {
  start_waiters();
  struct context c = on_all_threads();
  EQUAL(op_no_new_privileges(&c, NULL), 0);
  expect_all("\nNoNewPrivs:\t1\n", WAITERS + 1);
}

TEST(capset_holds_for_all_threads) {
  NEEDS_ROOT;
  start_waiters();
  struct context c = on_all_threads();
  const struct field few[3] = {{.number = 0x20}, {.number = 0x21}, {.number = 0}};
  EQUAL(op_capset(&c, few), 0);
  expect_all("\nCapEff:\t0000000000000020\n", WAITERS + 1);
  expect_all("\nCapPrm:\t0000000000000021\n", WAITERS + 1);
  expect_all("\nCapInh:\t0000000000000000\n", WAITERS + 1);
}

TEST(the_bounding_set_holds_for_all_threads) {
  NEEDS_ROOT;
  start_waiters();
  struct context c = on_all_threads();
  const struct field mask = {.number = 0x401};
  EQUAL(op_cap_bounding(&c, &mask), 0);
  expect_all("\nCapBnd:\t0000000000000401\n", WAITERS + 1);
}

TEST(user_group_and_groups_hold_for_all_threads) {
  NEEDS_ROOT;
  start_waiters();
  struct context c = on_all_threads();
  const uint32_t gids[] = {7, 8};
  const struct field groups = {.count = 2, .data = (const uint8_t *)gids};
  const struct field gid = {.number = 5678}, uid = {.number = 1234};
  EQUAL(op_keep_caps(&c, NULL), 0);
  EQUAL(op_setgroups(&c, &groups), 0);
  EQUAL(op_setgid(&c, &gid), 0);
  EQUAL(op_setuid(&c, &uid), 0);
  expect_all("\nUid:\t1234\t1234\t1234\t1234\n", WAITERS + 1);
  expect_all("\nGid:\t5678\t5678\t5678\t5678\n", WAITERS + 1);
  expect_all("\nGroups:\t7 8 \n", WAITERS + 1);
}

/* setresuid(2) takes -1 for "leave as it is": the container would go on as root. */
TEST(uid_and_gid_4294967295_are_refused) {
  NEEDS_ROOT;
  struct context c = on_all_threads();
  const struct field none = {.number = 0xffffffff};
  EQUAL(op_setuid(&c, &none), -EINVAL);
  EQUAL(op_setgid(&c, &none), -EINVAL);
}

static atomic_int calls;

static int count_call(void *argument) {
  (void)argument;
  atomic_fetch_add(&calls, 1);
  return 0;
}

TEST(each_thread_makes_the_call_once) {
  start_waiters();
  struct context c = on_all_threads();
  for (int i = 1; i <= 50; i++) {
    EQUAL(on_every_thread(&c, count_call, NULL), 0);
    EQUAL(atomic_load(&calls), i * (WAITERS + 1));
  }
}

TEST(a_process_of_one_thread_makes_the_call_once) {
  struct context c = on_all_threads();
  EQUAL(on_every_thread(&c, count_call, NULL), 0);
  EQUAL(atomic_load(&calls), 1);
}

static pthread_t main_thread;

static int fail_elsewhere(void *argument) {
  (void)argument;
  return pthread_equal(pthread_self(), main_thread) ? 0 : -EXDEV;
}

TEST(a_failure_on_another_thread_is_returned) {
  start_waiters();
  main_thread = pthread_self();
  struct context c = on_all_threads();
  EQUAL(on_every_thread(&c, fail_elsewhere, NULL), -EXDEV);
}

static int count_and_fail(void *argument) {
  count_call(argument);
  return -EPERM;
}

TEST(a_failure_on_the_calling_thread_stops_at_once) {
  start_waiters();
  struct context c = on_all_threads();
  EQUAL(on_every_thread(&c, count_and_fail, NULL), -EPERM);
  EQUAL(atomic_load(&calls), 1);
}

TEST(a_read_that_was_interrupted_goes_on) {
  start_waiters();
  struct context c = on_all_threads();
  EQUAL(on_every_thread(&c, count_call, NULL), 0);
  CHECK(write(silent_pipe[1], "xx", 2) == 2);
  usleep(20000);
  EQUAL(op_no_new_privileges(&c, NULL), 0);
  expect_all("\nNoNewPrivs:\t1\n", WAITERS + 1);
}

static void *blocker(void *unused) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  return waiter(unused);
}

TEST(a_thread_that_blocks_all_signals_makes_the_call_time_out) {
  pthread_t thread;
  struct timespec before, after;
  CHECK(pthread_create(&thread, NULL, blocker, (void *)3) == 0);
  while (atomic_load(&running) < 1) usleep(1000);
  struct context c = on_all_threads();
  clock_gettime(CLOCK_MONOTONIC, &before);
  EQUAL(on_every_thread(&c, count_call, NULL), -ETIMEDOUT);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long waited = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  dprintf(2, "# timed out after %ld ms\n", waited);
  CHECK(waited >= 4900 && waited < 30000);
}

TEST(no_descriptor_stays_open) {
  start_waiters();
  struct context c = on_all_threads();
  EQUAL(on_every_thread(&c, count_call, NULL), 0); /* which opens proc_fd for good */
  int before = dup(0);
  close(before);
  EQUAL(on_every_thread(&c, count_call, NULL), 0);
  EQUAL(dup(0), before);
}
