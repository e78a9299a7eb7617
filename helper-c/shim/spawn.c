/* Spawns the stage program from the V8 process. The child shares our memory until the exec, like vfork, so it only
 * makes system calls, touches no libc state, and costs no copy of the page tables. */
#include "shim.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../common/exec_hidden.h"
#include "../common/kernel.h"

struct child {
  int exe_fd;
  const int *kept;
  int kept_count;
  char *const *argv;
  char *const *envp;
  long error;
};

enum { STACK_SIZE = 64 << 10, KEPT = 5 };

static void run_child(void *argument) {
  struct child *child = argument;
  for (int i = 0; i < child->kept_count; i++) {
    if (child->kept[i] >= 0) raw_syscall(SYS_fcntl, child->kept[i], F_SETFD, 0, 0, 0, 0);
  }
  child->error = exec_hidden(child->exe_fd, child->argv, child->envp);
  raw_syscall(SYS_exit, 127, 0, 0, 0, 0, 0);
}

/* Without CLONE_FILES, so that close-on-exec is cleared in the child's copy of the descriptors only. */
static long clone_child(struct child *child, int cgroup_fd) {
  void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -ENOMEM;
  struct clone_args_v2 args = {.flags = CLONE_VM | CLONE_VFORK,
                               .exit_signal = SIGCHLD,
                               .stack = (uint64_t)(uintptr_t)stack,
                               .stack_size = STACK_SIZE};
  if (cgroup_fd >= 0) {
    args.flags |= CLONE_INTO_CGROUP_;
    args.cgroup = (uint64_t)cgroup_fd;
  }
  long pid = raw_clone3_on_stack(&args, sizeof args, run_child, child);
  munmap(stack, STACK_SIZE);
  return pid;
}

int kago_spawn(const struct stage_channels *channels) {
  const int kept[] = {channels->plan, channels->sync, channels->listen, channels->target, channels->vmm};
  char numbers[KEPT][12];
  for (int i = 0; i < KEPT; i++) snprintf(numbers[i], sizeof numbers[i], "%d", kept[i]);
  char *const argv[] = {"kago", "--stage=intermediate", numbers[0], numbers[1], numbers[2], numbers[3], numbers[4],
                        NULL};
  char *const envp[] = {NULL};
  struct child child = {.exe_fd = channels->exe, .kept = kept, .kept_count = KEPT, .argv = argv, .envp = envp};
  /* No handler of ours may run in the child, on a foreign stack, so all signals are blocked until the exec. */
  uint64_t all = ~0ull, before;
  raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
  long pid = clone_child(&child, channels->cgroup);
  raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
  if (pid < 0) return (int)pid;
  if (!child.error) return (int)pid;
  kago_wait((int)pid);
  return (int)child.error;
}
