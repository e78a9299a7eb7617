/* Runs a plan up to the exec of the program. The operations are those of the host's stages, so a process in the
 * guest is set up like one in a container. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/message.h"
#include "../stage/failure.h"
#include "agent.h"

static const char *const NAMES[OP_COUNT] = {
#define X(code, name, fields) [code] = #name,
    OPERATIONS(X)
#undef X
};

static int on_only_thread(struct context *c, int (*call)(void *), void *argument) {
  (void)c;
  return call(argument);
}

static enum opcode opcode_at(const struct plan *plan, uint32_t index) {
  size_t offset = plan_stage_offset(plan, STAGE_GUEST);
  struct field fields[MAX_FIELDS];
  enum opcode opcode = OP_exec;
  for (uint32_t i = 0; i <= index && i < plan->counts[STAGE_GUEST]; i++) opcode = plan_next(plan, &offset, fields);
  return opcode;
}

static struct context *new_context(const struct plan *plan, int sync) {
  static struct context c;
  c = (struct context){.plan = plan, .stage = STAGE_GUEST, .on_all_threads = on_only_thread};
  c.listen_fd = c.target_fd = c.report_fd = c.plan_fd = c.root_fd = c.door_fd = c.run_fd = c.agent_fd = c.proc_fd =
      c.vmm_fd = -1;
  c.sync_fd = sync;
  umask(022);
  return &c;
}

/* Prints the operation, the part of a path or of the options that is wrong if it was found, and the errno. */
static void print_failure(struct context *c, enum opcode opcode, uint32_t index, int error) {
  static struct failure failure;
  const char *part = "";
  int length = failure_part(&failure, failure_look(c, index, error, &failure), &part);
  const char *colon = length > 0 ? ": " : "";
  fprintf(stderr, "kago: in the guest: %s: %.*s%s%s\n", NAMES[opcode], length, part, colon, strerror(error));
}

_Noreturn void become(const struct plan *plan, int sync) {
  uint32_t failed = 0;
  struct context *c = new_context(plan, sync);
  int error = -run_stage(c, &failed);
  enum opcode opcode = opcode_at(plan, failed);
  bool program = opcode == OP_find_program || opcode == OP_exec;
  if (error <= 0) error = ENOEXEC; /* a plan must end in exec */
  if (program) fprintf(stderr, "kago: process.args[0]: %s\n", strerror(error));
  else print_failure(c, opcode, failed, error);
  fflush(stderr);
  _exit(!program ? EXIT_SETUP_FAILED : error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE);
}

_Noreturn void become_tenant(const struct plan *plan, int sync) {
  struct context *c = new_context(plan, sync);
  uint32_t failed = 0;
  c->root_fd = as_result(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  int result = c->root_fd < 0 ? c->root_fd : run_stage(c, &failed);
  c->report_fd = sync;
  failure_report(c, failed, result < 0 ? -result : ENOEXEC);
  _exit(1);
}

uid_t plan_user(const struct plan *plan) {
  size_t offset = plan_stage_offset(plan, STAGE_GUEST);
  struct field fields[MAX_FIELDS];
  for (uint32_t i = 0; i < plan->counts[STAGE_GUEST]; i++) {
    if (plan_next(plan, &offset, fields) == OP_setuid) return (uid_t)fields[F_setuid_uid].number;
  }
  return 0;
}

bool plan_has(const struct plan *plan, enum opcode opcode) {
  size_t offset = plan_stage_offset(plan, STAGE_GUEST);
  struct field fields[MAX_FIELDS];
  for (uint32_t i = 0; i < plan->counts[STAGE_GUEST]; i++) {
    if (plan_next(plan, &offset, fields) == opcode) return true;
  }
  return false;
}

int join_cgroup(const char *folder) {
  char path[256];
  snprintf(path, sizeof path, "%s/cgroup.procs", folder);
  int fd = as_result(open(path, O_WRONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = as_result(write(fd, "0", 1));
  close(fd);
  return result < 0 ? result : 0;
}

pid_t clone_in_cgroup(const char *folder, uint64_t flags) {
  int fd = as_result(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (fd < 0) return fd;
  struct clone_args_v2 args = {
      .flags = flags | CLONE_INTO_CGROUP_, .exit_signal = SIGCHLD, .cgroup = (uint64_t)(unsigned)fd};
  pid_t pid = (pid_t)sys_clone3(&args);
  close(fd);
  return pid;
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_BY_SIGNAL + WTERMSIG(status); }
