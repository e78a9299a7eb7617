/* vmm_run() and kago_call(): the VMM and the shim inside a running Deno, here inside the test. */
#include "../../vmm/vmm.h"
#include "../check.h"
#include "../stage_fixture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>

enum { VMM = 2 };

static int32_t pair[2];

/* operations.c knows them weakly, which takes nothing out of an archive. */
__attribute__((used)) static operation *const needed[] = {op_krun_call, op_krun_passt};

static int run_vmm(int listen_fd, int32_t result[2]) {
  end_plan(&w);
  int plan = kago_memory_file("plan", w.bytes, (uint32_t)w.size);
  CHECK(plan >= 0);
  int outcome = vmm_run(plan, pair[1], listen_fd, -1, -1, (const int[]){-1, -1, -1, -1}, result);
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

/* shutdown(2) stands in for a function of libkrun's: it refuses what is no socket, as the context's number 0 is none. */
TEST(a_call_that_fails_is_told_with_its_arguments) {
  const char *const arguments[] = {"c", "sx", "p", "r", "[", "sa", "k", "sb", "]", "-", NULL};
  char words[512] = "";
  int32_t result[2];
  struct datagram_origin origin = {.passed = -1};
  begin_vmm();
  begin_operation(&w, OP_krun_call);
  put_str(&w, "shutdown");
  put_strs(&w, arguments);
  put_str(&w, "wanted");
  EQUAL(run_vmm(-1, result), -ECANCELED);
  EQUAL(result[1], -1);
  CHECK(kago_receive(pair[0], (uint8_t *)words, sizeof words - 1, &origin) > 4);
  EQUAL_TEXT(words + 4, "microVM: wanted: shutdown(0, \"x\", -1, \"/proc/self/fd/-1/.\", [\"a\", \"b\"], NULL): operation not permitted");
}

static void put_call_with(const char *argument) {
  const char *const arguments[] = {"c", argument, NULL};
  begin_vmm();
  begin_operation(&w, OP_krun_call);
  put_str(&w, "shutdown");
  put_strs(&w, arguments);
  put_str(&w, "");
}

TEST(an_argument_that_means_nothing_is_refused) {
  static const char *const wrong[] = {"mno:address", "dno-slash", "?"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    int32_t result[2];
    put_call_with(wrong[i]);
    EQUAL(run_vmm(-1, result), -EINVAL);
    EQUAL(result[1], pair[1]);
  }
}

TEST(the_folder_of_a_new_file_that_is_not_there_is_told) {
  char words[512] = "";
  int32_t result[2];
  struct datagram_origin origin = {.passed = -1};
  put_call_with("d/no/such/socket");
  EQUAL(run_vmm(-1, result), -ECANCELED);
  CHECK(kago_receive(pair[0], (uint8_t *)words, sizeof words - 1, &origin) > 4);
  EQUAL_TEXT(words + 4, "microVM: open /no/such in /: no such file or directory");
}

static void refuse_pidfd_open(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {sizeof code / sizeof *code, code};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

TEST(a_passt_that_cannot_be_watched_fails_with_the_reason_and_nothing_open) {
  const char *const arguments[] = {"true", NULL};
  int32_t result[2];
  begin_vmm();
  begin_operation(&w, OP_krun_passt);
  put_str(&w, "/bin/true");
  put_strs(&w, arguments);
  refuse_pidfd_open();
  int before = dup(0);
  close(before);
  EQUAL(run_vmm(-1, result), -EPERM);
  EQUAL(result[1], pair[1]);
  EQUAL(dup(0), before);
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
  int32_t sockets[2];
  struct datagram_origin origin = {.passed = 7};
  char bytes[4] = "", problem[128];
  uint32_t offset;
  int fd = call(CALL_memory_file, 3, 0, "name", "abc", NULL);
  CHECK(fd >= 0 && pread(fd, bytes, 4, 0) == 3);
  EQUAL(call(CALL_close, fd, 0, NULL, NULL, NULL), 0);
  EQUAL(call(CALL_check_plan, 3, 0, "abc", &offset, problem), -EINVAL);
  EQUAL(call(CALL_socket_pair, 0, 0, sockets, NULL, NULL), 0);
  const struct shim_request send = {.call = CALL_send, .numbers = {sockets[0], 2, -1}};
  EQUAL(kago_call(send, "xy", NULL, NULL), 2);
  EQUAL(call(CALL_receive, sockets[1], 4, bytes, &origin, NULL), 2);
  EQUAL(origin.passed, -1);
  EQUAL(call(CALL_open, O_DIRECTORY, 0, "none", NULL, NULL), -ENOENT);
  EQUAL(call(CALL_wait, 1, 0, NULL, NULL, NULL), -ECHILD);
  EQUAL(call(CALL_pidfd_open, -1, 0, NULL, NULL, NULL), -EINVAL);
}

TEST(kago_call_refuses_unknown_numbers) {
  EQUAL(call(CALL_COUNT, 0, 0, NULL, NULL, NULL), -ENOSYS);
  EQUAL(call(0xffffffff, 0, 0, NULL, NULL, NULL), -ENOSYS);
}
