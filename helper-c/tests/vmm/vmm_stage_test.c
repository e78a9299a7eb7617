/* vmm_run() and kago_call(): the VMM and the shim inside a running Deno, here inside the test. */
#include "../../vmm/vmm.h"
#include "../check.h"
#include "../stage_fixture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>

enum { VMM = 2 };

static int32_t pair[2];

/* operations.c knows them weakly, which takes nothing out of an archive. */
__attribute__((used)) static operation *const needed[] = {op_krun_call, op_krun_passt, op_krun_isolate, op_krun_kvm,
                                                          op_krun_load};

static int run_vmm(int listen_fd, int32_t result[2]) {
  end_plan(&w);
  int plan = kago_memory_file("plan", w.bytes, (uint32_t)w.size);
  CHECK(plan >= 0);
  int libraries[LIBRARY_SLOTS];
  memset(libraries, 0xff, sizeof libraries); /* -1: none */
  int outcome = vmm_run(plan, pair[1], listen_fd, -1, -1, libraries, result);
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

struct list {
  const void *items;
  uint32_t count;
};

#define LIST_OF(type, ...) \
  ((struct list){(const type[]){__VA_ARGS__}, sizeof((const type[]){__VA_ARGS__}) / sizeof(type)})
#define ARGUMENTS(...) LIST_OF(uint32_t, __VA_ARGS__)
#define NUMBERS(...) LIST_OF(uint64_t, __VA_ARGS__)
#define NONE ((struct list){NULL, 0})

enum { IF_ISOLATED = 1, KEEP_RESULT = 2, UNLESS_ISOLATED = 4 };

static void put_call_of(const char *function, int marks, struct list kinds, struct list numbers,
                        const char *const *texts) {
  begin_operation(&w, OP_krun_call);
  put_str(&w, function);
  put_str(&w, "wanted");
  put_u32(&w, marks & IF_ISOLATED       ? CALLED_IF_ISOLATED
              : marks & UNLESS_ISOLATED ? CALLED_IF_CONNECTED
                                        : CALLED_IF_ALWAYS);
  put_u32(&w, marks & KEEP_RESULT ? 1 : 0);
  put_u32s(&w, kinds.items, kinds.count);
  put_u64s(&w, numbers.items, numbers.count);
  put_strs(&w, texts);
}

static void put_call(struct list kinds, struct list numbers, const char *const *texts) {
  put_call_of("shutdown", 0, kinds, numbers, texts);
}

/* Reads MESSAGE_FAILED of the vmm stage's operation `index`, with its finding (NULL for none) and, last, the operation. */
static void expect_finding(uint32_t index, int error, uint8_t field, enum found found, const char *text) {
  static struct failure failure;
  struct datagram_origin origin = {.passed = -1};
  int size = kago_receive(pair[0], (uint8_t *)&failure, sizeof failure, &origin) - (int)sizeof failure.head;
  EQUAL(failure.head.type, MESSAGE_FAILED);
  EQUAL(failure.head.stage, VMM);
  EQUAL(failure.head.value, index);
  EQUAL(failure.head.error, error);
  const uint8_t *at = failure.findings;
  if (text) {
    EQUAL(at[0], field);
    EQUAL(at[1], found);
    EQUAL(at[2], strlen(text));
    CHECK(at[3] == 0 && memcmp(at + 4, text, strlen(text)) == 0);
    at += 4 + strlen(text);
  }
  int length = at[2] | at[3] << 8;
  uint32_t opcode;
  memcpy(&opcode, at + 4, sizeof opcode);
  EQUAL(at[1], FOUND_OPERATION);
  CHECK(opcode > 0 && opcode < OP_COUNT);
  EQUAL(at + 4 + length - failure.findings, size);
}

/* shutdown(2) stands in for a function of libkrun's: it refuses what is no socket, as the context's number 0 is none. */
TEST(a_call_that_fails_is_told_with_its_operation) {
  int32_t result[2];
  begin_vmm();
  put_umask(022);
  put_call(ARGUMENTS(KRUN_CONTEXT, KRUN_TEXT, KRUN_PASST, KRUN_AGENT_ROOT, KRUN_LIST, KRUN_CARD), NUMBERS(2),
           STRINGS("x", "a", "b"));
  EQUAL(run_vmm(-1, result), -EPERM);
  EQUAL(result[1], pair[1]);
  expect_finding(1, EPERM, 0, 0, NULL);
}

TEST(a_function_that_is_not_there_is_told) {
  int32_t result[2];
  begin_vmm();
  put_call_of("krun_no_such", 0, NONE, NONE, NO_STRINGS);
  EQUAL(run_vmm(-1, result), -ENOSYS);
  expect_finding(0, ENOSYS, F_krun_call_function, FOUND_MISSING, "krun_no_such");
}

TEST(what_a_call_keeps_is_an_argument_of_later_ones) {
  int32_t result[2];
  begin_vmm();
  put_call_of("abs", KEEP_RESULT, ARGUMENTS(KRUN_NUMBER), NUMBERS(UINT64_MAX - 4), NO_STRINGS);
  put_call_of("abs", 0, ARGUMENTS(KRUN_NUMBER), NUMBERS(9), NO_STRINGS);
  put_call_of("memcmp", 0, ARGUMENTS(KRUN_TEXT, KRUN_TEXT, KRUN_RESULT), NONE, STRINGS("12345b", "12345a"));
  put_call_of("memcmp", 0, ARGUMENTS(KRUN_TEXT, KRUN_TEXT, KRUN_RESULT), NONE, STRINGS("12345a", "12345b"));
  EQUAL(run_vmm(-1, result), 0);
  EQUAL(vm.result, 5);
}

static void put_isolate(const char *const *functions) {
  begin_operation(&w, OP_krun_isolate);
  put_strs(&w, functions);
}

TEST(a_call_for_an_isolated_vm_is_made_in_an_empty_network_alone) {
  int32_t result[2];
  begin_vmm();
  put_call_of("krun_no_such", IF_ISOLATED, NONE, NONE, NO_STRINGS);
  put_isolate(STRINGS("abs", "krun_no_such"));
  put_call_of("krun_no_such", IF_ISOLATED, NONE, NONE, NO_STRINGS);
  put_isolate(STRINGS("abs", "memcmp"));
  put_call_of("abs", IF_ISOLATED | KEEP_RESULT, ARGUMENTS(KRUN_NUMBER), NUMBERS(7), NO_STRINGS);
  CHECK(unshare(CLONE_NEWNET) == 0);
  EQUAL(run_vmm(-1, result), 0);
  EQUAL(vm.result, 7);
  CHECK(vm.isolated);
}

TEST(a_file_for_output_is_made) {
  char path[] = "/tmp/vmm_stage_test.XXXXXX";
  int32_t result[2];
  begin_vmm();
  close(mkstemp(path));
  unlink(path);
  put_call_of("strlen", KEEP_RESULT, ARGUMENTS(KRUN_OUTPUT_FILE), NONE, STRINGS(path));
  EQUAL(run_vmm(-1, result), 0);
  CHECK(vm.result > (int)strlen("/proc/self/fd/"));
  EQUAL(unlink(path), 0);
}

TEST(a_kvm_that_cannot_be_opened_is_told_by_its_errno) {
  int32_t result[2];
  begin_vmm();
  begin_operation(&w, OP_krun_kvm);
  CHECK(chdir("/") == 0 && unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mount("tmpfs", "/dev", "tmpfs", 0, NULL) == 0);
  EQUAL(run_vmm(-1, result), -ENOENT);
  expect_finding(0, ENOENT, 0, 0, NULL);
}

static void put_load(const char *const *libraries, enum abi abi) {
  begin_operation(&w, OP_krun_load);
  put_strs(&w, NO_STRINGS);
  put_strs(&w, libraries);
  put_u32(&w, abi);
}

TEST(a_library_that_was_not_opened_is_told_and_the_first_of_two) {
  int32_t result[2];
  begin_vmm();
  put_load(STRINGS("/no/libkrun.so", "/no/other.so"), ABI_1);
  EQUAL(run_vmm(-1, result), -ELIBACC);
  expect_finding(0, ELIBACC, F_krun_load_libraries, FOUND_MISSING, "/no/libkrun.so");
}

TEST(a_library_that_the_linker_does_not_find_is_told_in_its_words) {
  int32_t result[2];
  begin_vmm();
  put_load(STRINGS("libkago-none.so", "/no/other.so"), ABI_1);
  EQUAL(run_vmm(-1, result), -ELIBACC);
  const char *words = "libkago-none.so: cannot open shared object file: No such file or directory";
  expect_finding(0, ELIBACC, F_krun_load_libraries, FOUND_SAID, words);
}

TEST(a_library_that_is_not_libkrun_is_told_by_its_name) {
  for (enum abi abi = ABI_1; abi <= ABI_2; abi++) {
    int32_t result[2];
    begin_vmm();
    vm.library = NULL;
    put_load(STRINGS("/no/libkrun.so", "libc.so.6"), abi);
    EQUAL(run_vmm(-1, result), -ELIBBAD);
    expect_finding(0, ELIBBAD, F_krun_load_libraries, FOUND_NAMED, "libc.so.6");
  }
}

TEST(a_function_that_libkrun_2_is_not_known_to_have_is_refused) {
  const uint64_t values[1] = {0};
  struct context c = {0};
  EQUAL(krun_2_call(&c, "abs", values, 0), -EINVAL);
  EQUAL(krun_2_call(&c, "krun_vmm_builder_new", values, MAX_OBJECTS), -EINVAL);
}

TEST(a_passt_that_ends_is_told_with_what_it_has_written) {
  const char *const arguments[] = {"sh", "-c", "echo to syslog >&2; echo the reason >&2", NULL};
  int32_t result[2];
  begin_vmm();
  begin_operation(&w, OP_krun_passt);
  put_str(&w, "/bin/sh");
  put_strs(&w, arguments);
  put_u32(&w, 0);
  EQUAL(run_vmm(-1, result), -ESRCH);
  expect_finding(0, ESRCH, F_krun_passt_program, FOUND_SAID, "to syslog\nthe reason\n");
}

TEST(a_passt_that_serves_without_a_network_is_told) {
  const char *const arguments[] = {"sh", "-c", "echo 1; exec sleep 10", NULL};
  int32_t result[2];
  begin_vmm();
  begin_operation(&w, OP_krun_passt);
  put_str(&w, "/bin/sh");
  put_strs(&w, arguments);
  put_u32(&w, 0);
  CHECK(unshare(CLONE_NEWNET) == 0);
  EQUAL(run_vmm(-1, result), -ENETUNREACH);
  expect_finding(0, ENETUNREACH, F_krun_passt_program, FOUND_SAID, "");
  close(vm.passt);
}

TEST(a_passt_that_may_be_lacking_is_not_started_without_a_network) {
  int32_t result[2];
  begin_vmm();
  begin_operation(&w, OP_krun_passt);
  put_str(&w, "/no/such/passt");
  put_strs(&w, STRINGS("passt"));
  put_u32(&w, 1);
  put_call_of("krun_no_such", UNLESS_ISOLATED, NONE, NONE, NO_STRINGS);
  put_call_of("abs", IF_ISOLATED | KEEP_RESULT, ARGUMENTS(KRUN_NUMBER), NUMBERS(7), NO_STRINGS);
  CHECK(unshare(CLONE_NEWNET) == 0);
  EQUAL(run_vmm(-1, result), 0);
  EQUAL(vm.passt, -1);
  EQUAL(vm.result, 7);
}

static void expect_refused(int error, struct list kinds, struct list numbers, const char *const *texts) {
  int32_t result[2];
  begin_vmm();
  put_call(kinds, numbers, texts);
  EQUAL(run_vmm(-1, result), error);
  EQUAL(result[1], pair[1]);
}

TEST(a_call_of_too_many_arguments_is_refused) {
  const struct list seven = ARGUMENTS(KRUN_CONTEXT, KRUN_NULL, KRUN_NULL, KRUN_NULL, KRUN_NULL, KRUN_NULL, KRUN_NULL);
  expect_refused(-E2BIG, seven, NONE, NO_STRINGS);
}

TEST(an_argument_that_means_nothing_is_refused) {
  expect_refused(-EINVAL, ARGUMENTS(99), NONE, NO_STRINGS);
  expect_refused(-EINVAL, ARGUMENTS(KRUN_NEW_FILE), NONE, STRINGS("no-slash"));
}

TEST(arguments_that_do_not_match_the_numbers_and_texts_are_refused) {
  expect_refused(-EINVAL, ARGUMENTS(KRUN_NUMBER), NONE, NO_STRINGS);
  expect_refused(-EINVAL, ARGUMENTS(KRUN_NUMBER), NUMBERS(1, 2), NO_STRINGS);
  expect_refused(-EINVAL, ARGUMENTS(KRUN_MAC), NONE, NO_STRINGS);
  expect_refused(-EINVAL, ARGUMENTS(KRUN_TEXT, KRUN_TEXT), NONE, STRINGS("one"));
  expect_refused(-EINVAL, ARGUMENTS(KRUN_FILE), NONE, NO_STRINGS);
  expect_refused(-EINVAL, ARGUMENTS(KRUN_TEXT), NONE, STRINGS("one", "two"));
  expect_refused(-EINVAL, ARGUMENTS(KRUN_LIST), NONE, STRINGS("one"));
  expect_refused(-EINVAL, ARGUMENTS(KRUN_TEXT, KRUN_LIST), NUMBERS(2), STRINGS("one", "two"));
  expect_refused(-EINVAL, ARGUMENTS(KRUN_LIST), NUMBERS(UINT64_MAX), STRINGS("one"));
  expect_refused(-EINVAL, ARGUMENTS(KRUN_OBJECT), NUMBERS(MAX_OBJECTS), NO_STRINGS);
}

/* memcmp(3) fails, as a function of libkrun's does, when the first one is less. */
TEST(a_function_gets_a_mac_as_six_bytes_and_a_number_whole) {
  const uint64_t mac = 0x6b61676f2d31;
  int32_t result[2];
  begin_vmm();
  put_call_of("memcmp", 0, ARGUMENTS(KRUN_MAC, KRUN_TEXT, KRUN_NUMBER), NUMBERS(mac, 6), STRINGS("kago-1"));
  put_call_of("memcmp", 0, ARGUMENTS(KRUN_TEXT, KRUN_MAC, KRUN_NUMBER), NUMBERS(mac, 6), STRINGS("kago-1"));
  EQUAL(run_vmm(-1, result), 0);
}

TEST(a_function_gets_lists_that_end_in_NULL) {
  static const char script[] = "test $# = 2 && test \"$1$2\" = ab && test -z \"$KAGO_CARD\"";
  int32_t result[2];
  begin_vmm();
  put_call_of("execve", 0, ARGUMENTS(KRUN_TEXT, KRUN_LIST, KRUN_CARD), NUMBERS(6),
              STRINGS("/bin/sh", "sh", "-c", script, "x", "a", "b"));
  int pid = fork();
  if (pid == 0) _exit(run_vmm(-1, result) + 99);
  EQUAL(kago_wait(pid), 0);
}

TEST(a_file_and_the_folder_of_a_new_file_that_are_not_there_are_told) {
  int32_t result[2];
  begin_vmm();
  put_call(ARGUMENTS(KRUN_NEW_FILE), NONE, STRINGS("/no/such/socket"));
  EQUAL(run_vmm(-1, result), -ENOENT);
  expect_finding(0, ENOENT, F_krun_call_texts, FOUND_SHUT, "/no/such");
  begin_vmm();
  put_call(ARGUMENTS(KRUN_FILE), NONE, STRINGS("/no/such/file"));
  EQUAL(run_vmm(-1, result), -ENOENT);
  expect_finding(0, ENOENT, F_krun_call_texts, FOUND_SHUT, "/no/such/file");
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
  put_u32(&w, 0);
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
