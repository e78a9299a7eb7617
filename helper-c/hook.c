#include "hook.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
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

/* posix_spawn, which is safe in a process of many threads too. */
static int start(const struct hook *hook, int stdin_fd, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, stdin_fd, STDIN_FILENO);
  if (*hook->cwd) posix_spawn_file_actions_addchdir_np(&actions, hook->cwd);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  int error = posix_spawn(pid, hook->path, &actions, &attributes, hook->argv, hook->envp);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return -error;
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
  for (;;) {
    int64_t left = end - now_ms();
    struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = input->fd, .events = POLLOUT}};
    int ready = poll(fds, 2, timeout_ms ? (left > 0 ? (int)left : 0) : -1);
    if (ready == 0) return -ETIMEDOUT;
    if (ready < 0 && errno != EINTR) return -errno;
    if (ready > 0 && fds[0].revents) return 0;
    if (ready > 0 && fds[1].revents) feed(input);
  }
}

static int wait_for(pid_t pid, struct input *input, uint32_t timeout_ms) {
  int pidfd = sys_pidfd_open(pid), status;
  int result = pidfd < 0 ? pidfd : attend(pidfd, input, timeout_ms);
  if (result < 0) kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
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
  if (input.fd >= 0) close(input.fd);
  sigaction(SIGPIPE, &before, NULL);
  return result;
}
