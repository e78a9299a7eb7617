/* on_every_thread() where a thread is easily missed: the call holds for all or fails, it never passes over one. */
#include "../check.h"
#include "../threads_fixture.h"

#include <grp.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define NO_NEW_PRIVILEGES "\nNoNewPrivs:\t1\n"

static atomic_bool stop;

static void *make_threads(void *depth) {
  pthread_t thread;
  atomic_fetch_add(&running, 1);
  if ((intptr_t)depth > 0 && !atomic_load(&stop)) {
    CHECK(pthread_create(&thread, NULL, make_threads, (void *)((intptr_t)depth - 1)) == 0);
  }
  for (;;) pause();
  return NULL;
}

/* A chain of threads in which each makes the next, so that new ones come from threads not told yet. */
TEST(threads_made_during_the_call_are_not_missed) {
  for (int round = 0; round < 20; round++) {
    pid_t pid = fork();
    if (pid == 0) {
      pthread_t thread;
      struct context c = on_all_threads();
      CHECK(pthread_create(&thread, NULL, make_threads, (void *)300) == 0);
      while (atomic_load(&running) < round * 5 + 1) continue;
      EQUAL(op_no_new_privileges(&c, NULL), 0);
      atomic_store(&stop, true);
      usleep(20000);
      expect_all(NO_NEW_PRIVILEGES, 2);
      _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    EQUAL(status, 0);
  }
}

static void *end_at_once(void *unused) { return unused; }

static void *make_short_threads(void *unused) {
  while (!atomic_load(&stop)) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, end_at_once, NULL) == 0);
    pthread_join(thread, NULL);
    usleep(300); /* or there would be a new one at every look, for ever */
  }
  return unused;
}

static int do_nothing(void *unused) {
  (void)unused;
  return 0;
}

/* A thread that was told may end before it hears: nobody must wait for it. */
TEST(threads_that_end_during_the_call_do_not_make_it_fail) {
  pthread_t makers[3];
  struct context c = on_all_threads();
  for (int i = 0; i < 3; i++) CHECK(pthread_create(&makers[i], NULL, make_short_threads, NULL) == 0);
  for (int i = 0; i < 300; i++) EQUAL(on_every_thread(&c, do_nothing, NULL), 0);
  atomic_store(&stop, true);
  for (int i = 0; i < 3; i++) pthread_join(makers[i], NULL);
}

/* The call holds for all threads, or it says that it failed. */
static void expect_all_or_failure(void) {
  struct context c = on_all_threads();
  int result = op_no_new_privileges(&c, NULL), total, without = threads_without(NO_NEW_PRIVILEGES, &total);
  if (result == 0 && without) dprintf(2, "# success, but %d of %d threads were passed over\n", without, total);
  CHECK(result < 0 || without == 0);
}

/* rlimits are set before credentials are dropped, and this one makes tgkill(2) of a real-time signal fail. */
TEST(no_thread_is_missed_when_no_signal_may_be_queued) {
  start_waiters();
  struct rlimit none = {0, 0};
  CHECK(setrlimit(RLIMIT_SIGPENDING, &none) == 0);
  expect_all_or_failure();
}

/* /proc/TID/status lists the groups before the ids: with many of them it is long. */
TEST(no_thread_is_missed_when_it_has_thousands_of_groups) {
  SKIP_UNLESS(geteuid() == 0, "needs root for setgroups");
  static gid_t gids[5000];
  for (size_t i = 0; i < sizeof gids / sizeof *gids; i++) gids[i] = (gid_t)(1000000 + i);
  CHECK(setgroups(sizeof gids / sizeof *gids, gids) == 0);
  start_waiters();
  expect_all_or_failure();
}

/* With every limit on descriptors from the one that leaves none to the one that leaves enough. */
TEST(no_thread_is_missed_when_descriptors_run_out) {
  for (rlim_t spare = 0; spare < 6; spare++) {
    pid_t pid = fork();
    if (pid == 0) {
      start_waiters();
      int next = dup(0);
      close(next);
      struct rlimit few = {(rlim_t)next + spare, 4096}, enough = {1024, 4096};
      struct context c = on_all_threads();
      CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
      int result = op_no_new_privileges(&c, NULL), total;
      CHECK(setrlimit(RLIMIT_NOFILE, &enough) == 0);
      int without = threads_without(NO_NEW_PRIVILEGES, &total);
      if (result == 0 && without) dprintf(2, "# success with %d spare, %d threads passed over\n", (int)spare, without);
      _exit(result == 0 && without);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    EQUAL(status, 0);
  }
}

static void *suspend_forever(void *unused) {
  atomic_fetch_add(&running, 1);
  for (;;) sigsuspend(&(sigset_t){0});
  return unused;
}

TEST(threads_in_sigsuspend_are_reached) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, suspend_forever, NULL) == 0);
  while (atomic_load(&running) < 1) usleep(1000);
  struct context c = on_all_threads();
  EQUAL(op_no_new_privileges(&c, NULL), 0);
  expect_all(NO_NEW_PRIVILEGES, 2);
}
