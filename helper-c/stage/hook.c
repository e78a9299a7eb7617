#include "hook.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/kernel.h"
#include "../common/signals.h"

/* What is still to be written, and where; -1 once all is, or the reader has gone. */
struct input {
  int fd;
  const char *at;
  size_t left;
};

struct child {
  const struct hook *hook;
  int streams[3]; /* the child's ends of the pipes, by descriptor number */
  int error;
};

/* Our ends. */
struct talk {
  struct input input;
  int output_fds[2]; /* stdout and stderr, -1 after their end */
  struct hook_output *output;
};

/* Shares this process's memory, so it may only use system calls. They can fail under a filter that is already
 * loaded; failures that only leave a default unrestored do not matter. */
static int run_child(void *argument) {
  struct child *child = argument;
  const struct hook *hook = child->hook;
  reset_signals();
  long result = 0;
  for (int fd = 0; fd < 3 && result >= 0; fd++) result = raw_syscall(SYS_dup3, child->streams[fd], fd, 0, 0, 0, 0);
  if (result >= 0 && *hook->cwd) result = raw_syscall(SYS_chdir, (long)hook->cwd, 0, 0, 0, 0, 0);
  /* Last, so that the filter has to allow only the exec. */
  if (result >= 0 && hook->filter) result = sys_seccomp_filter(hook->filter_flags, hook->filter);
  if (result >= 0) {
    result = raw_syscall(SYS_execve, (long)hook->path, (long)hook->argv, (long)hook->envp, 0, 0, 0);
  }
  child->error = (int)result;
  end_process(127);
}

/* Like posix_spawn(3), and as safe in a multithreaded process. But posix_spawn loads no filter, and libc's child may
 * wait forever in a call that a filter refuses. Uses clone(2), since a loaded profile may be older than clone3. */
static int start(const struct hook *hook, const int streams[3], pid_t *pid) {
  _Alignas(16) static char stack[16 << 10];
  struct child child = {hook, {streams[0], streams[1], streams[2]}, 0};
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

/* NULs are replaced, because the text is sent among others. */
static void add(struct hook_tail *tail, char *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) bytes[i] = bytes[i] ? bytes[i] : ' ';
  size_t taken = size < HOOK_TAIL ? size : HOOK_TAIL;
  size_t kept = tail->size < HOOK_TAIL - taken ? tail->size : HOOK_TAIL - taken;
  memmove(tail->text, tail->text + tail->size - kept, kept);
  memcpy(tail->text + kept, bytes + size - taken, taken);
  tail->size = kept + taken;
}

/* False if there is nothing to read now, or the stream has ended. */
static bool take(int *fd, struct hook_tail *tail) {
  char bytes[4096];
  ssize_t n = *fd < 0 ? 0 : read(*fd, bytes, sizeof bytes);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (n > 0) add(tail, bytes, (size_t)n);
  else if (*fd >= 0) {
    close(*fd);
    *fd = -1;
  }
  return n > 0;
}

static struct hook_tail *tail_of(struct talk *talk, int index) {
  return index ? &talk->output->stderr_tail : &talk->output->stdout_tail;
}

/* Reads what is left in the pipes after the hook has ended. Does not wait for output of processes that it left
 * behind. */
static void take_rest(struct talk *talk) {
  enum { MOST_READS = 32 };
  for (int i = 0; i < 2; i++) {
    for (int reads = 0; reads < MOST_READS && take(&talk->output_fds[i], tail_of(talk, i)); reads++) continue;
  }
}

/* Feeds the hook its input, and reads its output, until it ends: 0, or -ETIMEDOUT. */
static int attend(int pidfd, struct talk *talk, uint32_t timeout_ms) {
  int64_t end = now_ms() + timeout_ms;
  for (int i = 0; i < MOST_INTERRUPTIONS;) {
    struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN},
                           {.fd = talk->input.fd, .events = POLLOUT},
                           {.fd = talk->output_fds[0], .events = POLLIN},
                           {.fd = talk->output_fds[1], .events = POLLIN}};
    int ready = poll(fds, 4, timeout_ms ? left_ms(end) : -1);
    if (ready == 0) return -ETIMEDOUT;
    if (ready < 0 && errno != EINTR) return -errno;
    if (ready < 0) i++;
    if (ready > 0 && fds[0].revents) return 0;
    if (ready > 0 && fds[1].revents) feed(&talk->input);
    for (int stream = 0; stream < 2; stream++) {
      if (ready > 0 && fds[2 + stream].revents) take(&talk->output_fds[stream], tail_of(talk, stream));
    }
  }
  return -EINTR;
}

static int wait_for(pid_t pid, struct talk *talk, uint32_t timeout_ms) {
  int pidfd = sys_pidfd_open(pid), status = 0;
  int result = pidfd < 0 ? pidfd : attend(pidfd, talk, timeout_ms);
  if (result < 0) kill(pid, SIGKILL);
  int reaped = reap(pid, &status);
  take_rest(talk);
  if (result == 0) result = reaped;
  if (pidfd >= 0) close(pidfd);
  if (result < 0) return result;
  return status == 0 ? 0 : -(HOOK_FAILED | (status & 0xffff));
}

static void close_all(const int *fds, int count) {
  for (int i = 0; i < count; i++) {
    if (fds[i] >= 0) close(fds[i]);
  }
}

/* Pipes for the three streams; our ends never block. */
static int open_pipes(int theirs[3], int ours[3]) {
  for (int i = 0; i < 3; i++) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    theirs[i] = ends[i > 0];
    ours[i] = ends[i == 0];
    fcntl(ours[i], F_SETFL, O_NONBLOCK);
  }
  return 0;
}

static int run_with(const struct hook *hook, const int theirs[3], struct talk *talk) {
  pid_t pid = -1;
  int result = start(hook, theirs, &pid);
  close_all(theirs, 3);
  if (result == 0) return wait_for(pid, talk, hook->timeout_ms);
  if (pid > 0) reap(pid, &(int){0});
  return result;
}

int hook_run(const struct hook *hook, struct hook_output *output) {
  int theirs[] = {-1, -1, -1}, ours[] = {-1, -1, -1};
  output->stdout_tail.size = output->stderr_tail.size = 0;
  int result = open_pipes(theirs, ours);
  struct talk talk = {{ours[0], hook->input, strlen(hook->input)}, {ours[1], ours[2]}, output};
  if (result == 0) {
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before);
    result = run_with(hook, theirs, &talk);
    sigaction(SIGPIPE, &before, NULL);
  } else close_all(theirs, 3);
  close_all((const int[]){talk.input.fd, talk.output_fds[0], talk.output_fds[1]}, 3);
  return result;
}
