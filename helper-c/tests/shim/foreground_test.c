/* kago_foreground() without a terminal: the wait status, and signals on their way to the process. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../check.h"

#include "../../shim/shim.h"

static int ready[2];

static void exit_with_number(int number) { _exit(number); }

/* A process that ends with the number of the first signal it gets, after `ignored` ones are passed over. */
static int start_listener(void) {
  CHECK(pipe2(ready, O_CLOEXEC) == 0);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    for (int number = 1; number < 65; number++) signal(number, exit_with_number);
    CHECK(write(ready[1], "r", 1) == 1);
    for (;;) pause();
  }
  return pid;
}

static atomic_bool returned; /* from kago_foreground(): what is sent later would be the next listener's */

/* Again and again: nothing tells when the handlers are in place. */
static void send_until_returned(int number) {
  while (!atomic_load(&returned)) {
    kill(getpid(), number);
    usleep(20000);
  }
}

static void *send_to_ourselves(void *number) {
  char byte;
  CHECK(read(ready[0], &byte, 1) == 1);
  usleep(20000); /* most likely they are now */
  send_until_returned((int)(intptr_t)number);
  return NULL;
}

/* The status of the listener in the foreground while `send` runs in a thread. */
static int foreground_while(int pid, void *(*send)(void *), void *argument) {
  pthread_t thread;
  atomic_store(&returned, false);
  CHECK(pthread_create(&thread, NULL, send, argument) == 0);
  int status = kago_foreground(pid, -1, -1, -1, NULL);
  atomic_store(&returned, true);
  CHECK(pthread_join(thread, NULL) == 0);
  return status;
}

static void survive(int number) { (void)number; }

/* Sends ourselves `number` while the listener runs in the foreground: its exit code. */
static int forwarded(int number) {
  signal(number, survive);
  int status = foreground_while(start_listener(), send_to_ourselves, (void *)(intptr_t)number);
  CHECK(status >= 0 && WIFEXITED(status));
  return WEXITSTATUS(status);
}

TEST(the_exit_code_is_in_the_status) {
  pid_t pid = fork();
  if (pid == 0) _exit(7);
  EQUAL(kago_foreground(pid, -1, -1, -1, NULL), 7 << 8);
}

TEST(the_signal_that_ended_the_process_is_in_the_status) {
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGKILL, SIG_DFL);
    kill(getpid(), SIGKILL);
  }
  EQUAL(kago_foreground(pid, -1, -1, -1, NULL), SIGKILL);
}

TEST(a_process_that_has_ended_already_is_waited_for) {
  pid_t pid = fork();
  if (pid == 0) _exit(3);
  siginfo_t info;
  CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
  EQUAL(kago_foreground(pid, -1, -1, -1, NULL), 3 << 8);
  EQUAL(kago_foreground(pid, -1, -1, -1, NULL), -ESRCH);
}

TEST(SIGTERM_is_forwarded) { EQUAL(forwarded(SIGTERM), SIGTERM); }
TEST(SIGINT_is_forwarded) { EQUAL(forwarded(SIGINT), SIGINT); }
TEST(SIGHUP_is_forwarded) { EQUAL(forwarded(SIGHUP), SIGHUP); }
TEST(SIGWINCH_is_forwarded_where_there_is_no_terminal) { EQUAL(forwarded(SIGWINCH), SIGWINCH); }
TEST(the_first_and_the_last_real_time_signal_are_forwarded) {
  EQUAL(forwarded(35), 35);
  EQUAL(forwarded(64), 64);
}

static void *send_what_stays_then_SIGTERM(void *unused) {
  static const int stays[] = {SIGPIPE, SIGCHLD, SIGURG, SIGPROF};
  char byte;
  CHECK(read(ready[0], &byte, 1) == 1);
  usleep(50000);
  for (size_t i = 0; i < sizeof stays / sizeof *stays; i++) kill(getpid(), stays[i]);
  usleep(50000);
  send_until_returned(SIGTERM);
  return unused;
}

TEST(signals_about_ourselves_are_not_forwarded) {
  static const int stays[] = {SIGPIPE, SIGCHLD, SIGURG, SIGPROF, SIGTERM};
  for (size_t i = 0; i < sizeof stays / sizeof *stays; i++) signal(stays[i], survive);
  EQUAL(foreground_while(start_listener(), send_what_stays_then_SIGTERM, NULL), SIGTERM << 8);
}

TEST(the_callers_handlers_and_descriptors_are_as_before) {
  int before = dup(0);
  close(before);
  signal(SIGTERM, survive);
  signal(SIGHUP, SIG_IGN);
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  EQUAL(kago_foreground(pid, -1, -1, -1, NULL), 0);
  struct sigaction action;
  sigaction(SIGTERM, NULL, &action);
  CHECK(action.sa_handler == survive);
  sigaction(SIGHUP, NULL, &action);
  CHECK(action.sa_handler == SIG_IGN);
  sigaction(SIGINT, NULL, &action);
  CHECK(action.sa_handler == SIG_DFL);
  EQUAL(dup(0), before);
}

static void *flood(void *pid) {
  char byte;
  CHECK(read(ready[0], &byte, 1) == 1);
  for (int i = 0; i < 200000; i++) kill(getpid(), SIGUSR1);
  usleep(100000);
  for (int i = 0; i < 50 && kill((int)(intptr_t)pid, 0) == 0; i++) {
    kill((int)(intptr_t)pid, SIGTERM);
    usleep(100000);
  }
  return NULL;
}

/* More signals than the pipe from the handler to the loop holds. */
TEST(a_flood_of_signals_blocks_nobody) {
  pthread_t thread;
  signal(SIGUSR1, survive);
  CHECK(pipe2(ready, O_CLOEXEC) == 0);
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGUSR1, SIG_IGN);
    CHECK(write(ready[1], "r", 1) == 1);
    for (;;) pause();
  }
  CHECK(pthread_create(&thread, NULL, flood, (void *)(intptr_t)pid) == 0);
  EQUAL(kago_foreground(pid, -1, -1, -1, NULL), SIGTERM);
}
