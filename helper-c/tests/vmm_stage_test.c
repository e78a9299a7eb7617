/* vmm_run() and kago_call(): the VMM and the shim inside a running Deno, here inside the test. */
#include "check.h"
#include "../vmm/vmm.h"
#include "stage_fixture.h"

#include <pthread.h>

enum { VMM = 2 };

static int32_t pair[2];

static int run_vmm(int listen_fd, int32_t result[2]) {
  end_plan(&w);
  int plan = kago_memory_file("plan", w.bytes, (uint32_t)w.size);
  CHECK(plan >= 0);
  int outcome = vmm_run(plan, pair[1], listen_fd, -1, -1, result);
  close(plan);
  return outcome;
}

static void begin_vmm(void) {
  EQUAL(kago_socket_pair(pair), 0);
  begin_plan(&w);
  begin_operation(&w, OP_setsid); /* another stage's, and not run: a second setsid fails */
  begin_stage(&w, VMM);
}

static void put_umask(uint32_t mask) {
  begin_operation(&w, OP_umask);
  put_u32(&w, mask);
}

TEST(the_vmm_stage_runs_its_own_operations_only) {
  int32_t result[2] = {7, 7};
  begin_vmm();
  put_umask(027);
  EQUAL(run_vmm(-1, result), 0);
  EQUAL(umask(0), 027);
  EQUAL(result[0], 0);
  EQUAL(result[1], pair[1]);
}

TEST(a_failure_of_the_vmm_stage_names_its_operation) {
  int32_t result[2] = {7, 7};
  begin_vmm();
  put_umask(022);
  put_operation_ss(&w, OP_write_file, "none", "x");
  EQUAL(run_vmm(-1, result), -ENOENT);
  EQUAL(result[0], 1);
  EQUAL(result[1], pair[1]);
}

TEST(a_malformed_plan_is_refused_in_the_vmm_too) {
  int32_t result[2] = {7, 7};
  begin_vmm();
  begin_operation(&w, OP_COUNT);
  EQUAL(run_vmm(-1, result), -EINVAL);
  EQUAL(result[0], 0);
}

static void *play_main(void *unused) {
  struct message message = receive_message(pair[0]);
  EQUAL(message.type, MESSAGE_READY);
  EQUAL(message.stage, VMM);
  answer(pair[0], ANSWER_START);
  return unused;
}

TEST(the_vmm_stage_waits_for_start_and_leaves_nothing_open) {
  pthread_t thread;
  int32_t result[2];
  begin_vmm();
  begin_operation(&w, OP_no_new_privileges);
  begin_operation(&w, OP_await_start);
  CHECK(pthread_create(&thread, NULL, play_main, NULL) == 0);
  int before = dup(0);
  close(before);
  EQUAL(run_vmm(-1, result), 0);
  pthread_join(thread, NULL);
  EQUAL(dup(0), before);
}

enum call {
#define X(name) CALL_##name,
  SHIM_CALLS(X)
#undef X
      CALL_COUNT
};

static int call(uint32_t number, int32_t a, int32_t b, void *p, void *q, void *r) {
  return kago_call((struct shim_request){.call = number, .numbers = {a, b}}, p, q, r);
}

TEST(kago_call_reaches_the_functions_by_number) {
  int32_t sockets[2], passed = 7;
  char bytes[4] = "", problem[128];
  uint32_t offset;
  int fd = call(CALL_memory_file, 3, 0, "name", "abc", NULL);
  CHECK(fd >= 0 && pread(fd, bytes, 4, 0) == 3);
  EQUAL(call(CALL_close, fd, 0, NULL, NULL, NULL), 0);
  EQUAL(call(CALL_check_plan, 3, 0, "abc", &offset, problem), -EINVAL);
  EQUAL(call(CALL_socket_pair, 0, 0, sockets, NULL, NULL), 0);
  EQUAL(call(CALL_send, sockets[0], 2, "xy", NULL, NULL), 2);
  EQUAL(call(CALL_receive, sockets[1], 4, bytes, &passed, NULL), 2);
  EQUAL(passed, -1);
  EQUAL(call(CALL_open, O_DIRECTORY, 0, "none", NULL, NULL), -ENOENT);
  EQUAL(call(CALL_wait, 1, 0, NULL, NULL, NULL), -ECHILD);
  EQUAL(call(CALL_pidfd_open, -1, 0, NULL, NULL, NULL), -EINVAL);
}

TEST(kago_call_refuses_unknown_numbers) {
  EQUAL(call(CALL_COUNT, 0, 0, NULL, NULL, NULL), -ENOSYS);
  EQUAL(call(0xffffffff, 0, 0, NULL, NULL, NULL), -ENOSYS);
}
