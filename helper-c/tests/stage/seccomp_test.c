/* op_seccomp(): the filter holds for the thread, or for all threads, or the operation fails. */
#include "../check.h"
#include "../threads_fixture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "../../common/message.h"
#include "../../shim/shim.h"

static const struct sock_filter ALLOW_ALL[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

static int load(struct context *c, const void *filter, uint32_t size, uint32_t flags) {
  const struct field fields[2] = {{.count = size, .data = filter}, {.number = flags}};
  return op_seccomp(c, fields);
}

static void allow_filters(void) { CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0); }

TEST(a_filter_is_loaded) {
  struct context c = on_all_threads();
  allow_filters();
  EQUAL(load(&c, ALLOW_ALL, sizeof ALLOW_ALL, 0), 0);
  expect_all("\nSeccomp:\t2\n", 1);
}

TEST(a_filter_is_loaded_from_any_alignment) {
  uint8_t shifted[sizeof ALLOW_ALL + 3];
  struct context c = on_all_threads();
  allow_filters();
  memcpy(shifted + 3, ALLOW_ALL, sizeof ALLOW_ALL);
  EQUAL(load(&c, shifted + 3, sizeof ALLOW_ALL, 0), 0);
}

TEST(filters_of_wrong_sizes_are_refused) {
  static struct sock_filter many[4097];
  struct context c = on_all_threads();
  allow_filters();
  for (size_t i = 0; i < sizeof many / sizeof *many; i++) many[i] = ALLOW_ALL[0];
  EQUAL(load(&c, many, 0, 0), -EINVAL);
  EQUAL(load(&c, many, 7, 0), -EINVAL);
  EQUAL(load(&c, many, 12, 0), -EINVAL);
  EQUAL(load(&c, many, sizeof many, 0), -EINVAL);
  EQUAL(load(&c, many, sizeof many - sizeof *many, 0), 0);
}

TEST(a_filter_that_the_kernel_refuses_is_a_failure) {
  static const struct sock_filter no_return[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};
  struct context c = on_all_threads();
  allow_filters();
  EQUAL(load(&c, no_return, sizeof no_return, 0), -EINVAL);
  expect_all("\nSeccomp:\t0\n", 1);
}

TEST(a_synchronised_filter_holds_for_all_threads) {
  start_waiters();
  struct context c = on_all_threads();
  EQUAL(op_no_new_privileges(&c, NULL), 0);
  EQUAL(load(&c, ALLOW_ALL, sizeof ALLOW_ALL, SECCOMP_FILTER_FLAG_TSYNC), 0);
  expect_all("\nSeccomp:\t2\n", WAITERS + 1);
}

static void *filter_alone(void *unused) {
  struct context c = on_all_threads();
  EQUAL(load(&c, ALLOW_ALL, sizeof ALLOW_ALL, 0), 0);
  return waiter(unused);
}

/* seccomp(2) names the thread that it could not reach by a positive number, and loads nothing. */
TEST(a_thread_that_cannot_be_synchronised_is_a_failure) {
  pthread_t thread;
  allow_filters();
  CHECK(pthread_create(&thread, NULL, filter_alone, (void *)3) == 0);
  while (atomic_load(&running) < 1) usleep(1000);
  struct context c = on_all_threads();
  CHECK(load(&c, ALLOW_ALL, sizeof ALLOW_ALL, SECCOMP_FILTER_FLAG_TSYNC) < 0);
}

TEST(the_listener_goes_to_main_and_stays_with_nobody_else) {
  int32_t pair[2];
  struct datagram_origin origin = {.passed = -1};
  struct message message;
  EQUAL(kago_socket_pair(pair), 0);
  struct context c = on_all_threads();
  c.sync_fd = pair[1];
  c.stage = STAGE_INIT;
  allow_filters();
  int before = dup(0);
  close(before);
  EQUAL(load(&c, ALLOW_ALL, sizeof ALLOW_ALL, SECCOMP_FILTER_FLAG_NEW_LISTENER), 0);
  EQUAL(dup(0), before);
  EQUAL(kago_receive(pair[0], (uint8_t *)&message, sizeof message, &origin), sizeof message);
  EQUAL(message.type, MESSAGE_LISTENER);
  EQUAL(message.stage, STAGE_INIT);
  CHECK(origin.passed >= 0);
}

/* Says `action` to every call. */
static void refuse_all(uint32_t action) {
  const struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, action)};
  struct context c = {.sync_fd = -1};
  allow_filters();
  if (load(&c, code, sizeof code, 0) == 0) end_process(7);
}

/* How a child ends that loads the filter, as process 1 of a pid namespace if it can be. */
static int end_under(uint32_t action) {
  struct clone_args_v2 args = {.flags = geteuid() == 0 ? CLONE_NEWPID : 0, .exit_signal = SIGCHLD};
  long pid = sys_clone3(&args);
  CHECK(pid >= 0);
  if (pid == 0) {
    /* What op_seccomp() is for. */
    signal(SIGILL, SIG_IGN);
    refuse_all(action);
    for (;;) pause();
  }
  int status = 0;
  EQUAL(waitpid((pid_t)pid, &status, 0), pid);
  return status;
}

TEST(end_process_ends_process_1_under_a_filter_that_refuses_everything) {
  const int errors[] = {EPERM, ENOSYS, EINTR, EAGAIN};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    int status = end_under(SECCOMP_RET_ERRNO | (uint32_t)errors[i]);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
  }
  EQUAL(end_under(SECCOMP_RET_ALLOW), 7 << 8);
}
