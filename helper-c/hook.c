#include "hook.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"

/* What is left to be written, and where; -1 when all is, or nobody reads. */
struct input {
  int fd;
  const char *at;
  size_t left;
};

struct child {
  const struct hook *hook;
  int stdin_fd;
  int error;
};

/* In our memory, so by system calls only. They may fail under a filter that this process has already; those that would
 * only lose what is the default do not matter. */
static int run_child(void *argument) {
  struct child *child = argument;
  const struct hook *hook = child->hook;
  const uint64_t defaults[4] = {0}, none = 0;
  for (int number = 1; number < 65; number++) raw_syscall(SYS_rt_sigaction, number, (long)defaults, 0, 8, 0, 0);
  raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
  long result = child->stdin_fd == STDIN_FILENO ? raw_syscall(SYS_fcntl, STDIN_FILENO, F_SETFD, 0, 0, 0, 0)
                                                : raw_syscall(SYS_dup3, child->stdin_fd, STDIN_FILENO, 0, 0, 0, 0);
  if (result >= 0 && *hook->cwd) result = raw_syscall(SYS_chdir, (long)hook->cwd, 0, 0, 0, 0, 0);
  /* Last, so that the filter need allow nothing but the exec. */
  if (result >= 0 && hook->filter) result = sys_seccomp_filter(hook->filter_flags, hook->filter);
  if (result >= 0) {
    result = raw_syscall(SYS_execve, (long)hook->path, (long)hook->argv, (long)hook->envp, 0, 0, 0);
  }
  child->error = (int)result;
  end_process(127);
}

/* As posix_spawn(3), which is safe in a process of many threads too, but for the filter, and that libc's child may wait for
 * ever in a call that a filter refuses. By clone(2), since a profile may be loaded that is older than clone3. */
static int start(const struct hook *hook, int stdin_fd, pid_t *pid) {
  _Alignas(16) char stack[16 << 10];
  struct child child = {hook, stdin_fd, 0};
  /* No handler of ours may run in the child. */
  uint64_t all = ~0ull, before = 0;
  raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
  *pid = as_result(clone(run_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &child));
  raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
  return *pid < 0 ? *pid : child.error;
}

static int reap(pid_t pid, int *status) {
  int result = -EINTR;
  for (int i = 0; result == -EINTR && i < MOST_INTERRUPTIONS; i++) result = as_result(waitpid(pid, status, 0));
  return result < 0 ? result : 0;
}

static void feed(struct input *input) {
  ssize_t n = write(input->fd, input->at, input->left);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  input->at += n > 0 ? n : 0;
  input->left -= n > 0 ? (size_t)n : 0;
  /* A hook need not read its input (EPIPE). */
  if (n <= 0 || input->left == 0) {
    close(input->fd);
    input->fd = -1;
  }
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* Feeds the hook until it ends: 0, or -ETIMEDOUT. */
static int attend(int pidfd, struct input *input, uint32_t timeout_ms) {
  int64_t end = now_ms() + timeout_ms;
  for (int i = 0; i < MOST_INTERRUPTIONS;) {
    int64_t left = end - now_ms();
    struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = input->fd, .events = POLLOUT}};
    int ready = poll(fds, 2, timeout_ms ? (left > 0 ? (int)left : 0) : -1);
    if (ready == 0) return -ETIMEDOUT;
    if (ready < 0 && errno != EINTR) return -errno;
    if (ready < 0) i++;
    if (ready > 0 && fds[0].revents) return 0;
    if (ready > 0 && fds[1].revents) feed(input);
  }
  return -EINTR;
}

static int wait_for(pid_t pid, struct input *input, uint32_t timeout_ms) {
  int pidfd = sys_pidfd_open(pid), status = 0;
  int result = pidfd < 0 ? pidfd : attend(pidfd, input, timeout_ms);
  if (result < 0) kill(pid, SIGKILL);
  int reaped = reap(pid, &status);
  if (result == 0) result = reaped;
  if (pidfd >= 0) close(pidfd);
  if (result < 0) return result;
  return status == 0 ? 0 : -(HOOK_FAILED | (status & 0xffff));
}

int hook_run(const struct hook *hook) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  struct input input = {ends[1], hook->input, strlen(hook->input)};
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigaction(SIGPIPE, &ignore, &before);
  pid_t pid;
  int result = start(hook, ends[0], &pid);
  close(ends[0]);
  if (result == 0) result = wait_for(pid, &input, hook->timeout_ms);
  else if (pid > 0) reap(pid, &(int){0});
  if (input.fd >= 0) close(input.fd);
  sigaction(SIGPIPE, &before, NULL);
  return result;
}
