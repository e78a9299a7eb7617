/* The program that Main spawns as Intermediate, and that becomes Init: it reads its plan and runs it. A small static
 * program rather than a clone of the V8 process has these advantages: it is single-threaded, may allocate, costs a
 * waiting container no memory, and /proc/self/exe in a container refers to a sealed copy of it.
 *
 *   kago --stage=intermediate PLAN_FD SYNC_FD LISTEN_FD TARGET_FD VMM_FD
 *
 * LISTEN_FD is -1 except for `create`; TARGET_FD is a pidfd of the container's Init for `exec`, else -1; VMM_FD is
 * the program that the Init of a microVM becomes, else -1. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/exec_hidden.h"
#include "../common/kernel.h"
#include "../common/signals.h"
#include "../common/started_by_kago.h"
#include "failure.h"

static int on_only_thread(struct context *c, int (*call)(void *), void *argument) {
  (void)c;
  return call(argument);
}

/* The process must not inherit the caller's affinity. The container's cpuset decides; the kernel intersects it with
 * this mask. */
static void reset_affinity(void) {
  enum { MOST_PROCESSORS = 8192 };
  uint8_t all[MOST_PROCESSORS / 8];
  memset(all, 0xff, sizeof all);
  raw_syscall(SYS_sched_setaffinity, 0, sizeof all, (long)all, 0, 0, 0);
}

static int close_on_exec(int fd) { return fd < 0 ? 0 : as_result(fcntl(fd, F_SETFD, FD_CLOEXEC)); }

int main(int argc, char **argv) {
  if (argc != 7 || strcmp(argv[1], "--stage=intermediate") || !has_channels(atoi(argv[2]), atoi(argv[3]))) {
    return refuse_to_begin();
  }
  stay_hidden(); /* an unreadable program starts with the dumpability in fs.suid_dumpable */
  reset_signals(); /* what the caller ignored or blocked must not reach the user's process */
  reset_affinity();
  umask(022); /* files created below the root are for the container's user too */
  struct plan plan = {0};
  struct context c = {.plan = &plan,
                      .plan_fd = atoi(argv[2]),
                      .sync_fd = atoi(argv[3]),
                      .listen_fd = atoi(argv[4]),
                      .target_fd = atoi(argv[5]),
                      .vmm_fd = atoi(argv[6]),
                      .root_fd = -1,
                      .door_fd = -1,
                      .run_fd = -1,
                      .agent_fd = -1,
                      .proc_fd = -1,
                      .is_ordinary_user = geteuid() != 0,
                      .on_all_threads = on_only_thread};
  c.report_fd = c.sync_fd;
  uint32_t failed = 0;
  int result = plan_load(c.plan_fd, &plan);
  if (result == 0) result = close_on_exec(c.plan_fd);
  if (result == 0) result = close_on_exec(c.sync_fd);
  if (result == 0) result = close_on_exec(c.listen_fd);
  if (result == 0) result = close_on_exec(c.target_fd);
  if (result == 0) result = close_on_exec(c.vmm_fd);
  while (result == 0) {
    enum stage stage = c.stage;
    result = run_stage(&c, &failed);
    if (result == 0 && c.stage == stage) result = -ENOEXEC; /* a plan must end in exec, or continue in the next stage */
  }
  failure_report(&c, failed, -result);
  end_process(1);
}
