/* Programs of kago's are hidden from their first instruction on, and have what root's programs have. */
#include "../check.h"
#include "../stage_fixture.h"

#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "../../common/exec_hidden.h"
#include "../../common/kernel.h"

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root to have what it drops")

enum { CAP_SYS_PTRACE_ = 19 };

/* Root, but for the capability that opens every process: may it write the process's memory? */
static bool is_open(pid_t pid) {
  int status;
  pid_t looker = fork();
  if (looker == 0) {
    char path[64];
    struct cap_header header = {.version = CAPABILITY_VERSION_3};
    struct cap_data sets[2];
    raw_syscall(SYS_capget, (long)&header, (long)sets, 0, 0, 0, 0);
    sets[0].effective &= ~(1u << CAP_SYS_PTRACE_);
    raw_syscall(SYS_capset, (long)&header, (long)sets, 0, 0, 0, 0);
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    _exit(open(path, O_RDWR | O_CLOEXEC) >= 0);
  }
  CHECK(waitpid(looker, &status, 0) == looker && WIFEXITED(status));
  return WEXITSTATUS(status) == 1;
}

static int exec_plainly(int fd, char *const argv[], char *const envp[]) {
  return sys_execveat(fd, "", argv, envp, AT_EMPTY_PATH);
}

/* A process that is stopped before the first instruction of the program. */
static pid_t stopped_at_birth(int fd, int (*exec)(int, char *const[], char *const[])) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    char *const argv[] = {"kago", NULL}, *const envp[] = {NULL};
    /* Not more than the looker has, or that alone would keep it out. */
    prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE_, 0, 0, 0);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    exec(fd, argv, envp);
    _exit(77);
  }
  CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
  return pid;
}

static void end_stopped(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

static void effective_capabilities(pid_t pid, char line[64]) {
  char path[64], text[4096] = "";
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  CHECK(read(fd, text, sizeof text - 1) > 0);
  close(fd);
  const char *found = strstr(text, "CapEff:");
  CHECK(found != NULL);
  snprintf(line, 64, "%.*s", (int)strcspn(found, "\n"), found);
}

TEST(a_program_is_hidden_before_its_first_instruction_though_root_executes_it) {
  NEEDS_ROOT;
  pid_t pid = stopped_at_birth(stage_program(), exec_hidden);
  CHECK(!is_open(pid));
  end_stopped(pid);
  /* And would not be, if it were executed as others are. */
  pid = stopped_at_birth(stage_program(), exec_plainly);
  CHECK(is_open(pid));
  end_stopped(pid);
}

TEST(a_hidden_program_has_the_capabilities_that_it_would_have_anyway) {
  char hidden[64], plain[64];
  pid_t pid = stopped_at_birth(stage_program(), exec_hidden);
  effective_capabilities(pid, hidden);
  end_stopped(pid);
  pid = stopped_at_birth(stage_program(), exec_plainly);
  effective_capabilities(pid, plain);
  end_stopped(pid);
  EQUAL_TEXT(hidden, plain);
}

TEST(an_exec_that_fails_leaves_the_capabilities_as_they_were) {
  char before[64], after[64];
  char *const argv[] = {"kago", NULL}, *const envp[] = {NULL};
  effective_capabilities(getpid(), before);
  EQUAL(exec_hidden(-1, argv, envp), -EBADF);
  effective_capabilities(getpid(), after);
  EQUAL_TEXT(after, before);
}

TEST(every_stage_is_hidden_up_to_the_users_program) {
  NEEDS_ROOT;
  begin_plan(&w);
  begin_operation(&w, OP_sync);
  put_u32(&w, 1);
  begin_init();
  begin_operation(&w, OP_setuid);
  put_u32(&w, 0);
  put_program(STRINGS("sleep", "100"));
  prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE_, 0, 0, 0);
  struct stages s = spawn_written(-1);
  EQUAL(receive_message(s.sync).type, MESSAGE_SYNC);
  CHECK(!is_open(s.intermediate));
  answer(s.sync, ANSWER_GO_ON);
  await_ready(&s);
  CHECK(!is_open(s.init));
  answer(s.sync, ANSWER_START);
  expect_end(s.sync);
  CHECK(is_open(s.init));
  kill(s.init, SIGKILL);
}
