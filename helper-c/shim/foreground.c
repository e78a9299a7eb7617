/* `run` in the foreground: waits for the container's process, forwards signals, relays its terminal. */
#include "shim.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/signals.h"
#include "notify.h"
#include "terminal_relay.h"

static int wake_pipe[2];
static bool catching;
static struct sigaction saved[LAST_SIGNAL + 1];

static void on_signal(int number) {
  int error = errno;
  unsigned char byte = (unsigned char)number;
  if (write(wake_pipe[1], &byte, 1) < 0) { /* the pipe is already full of signals */
  }
  errno = error;
}

int kago_catch_signals(int subreaper) {
  if (catching) return 0;
  int result = as_result(pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK));
  if (result == 0 && subreaper) result = as_result(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
  if (result < 0) return result;
  catching = true;
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
  for (int number = 1; number <= LAST_SIGNAL; number++) {
    if (is_passed_on(number, STAND_IN_FOREGROUND) || number == SIGCHLD) sigaction(number, &action, &saved[number]);
  }
  return 0;
}

static void release_signals(void) {
  for (int number = 1; number <= LAST_SIGNAL; number++) {
    if (is_passed_on(number, STAND_IN_FOREGROUND) || number == SIGCHLD) sigaction(number, &saved[number], NULL);
  }
  catching = false;
  close(wake_pipe[0]);
  close(wake_pipe[1]);
}

int kago_copy_window_size(int master) {
  struct winsize size;
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) ioctl(master, TIOCSWINSZ, &size);
  return 0;
}

/* Reaps orphans of the container that became our children, but not the awaited child, whose status is still needed. */
static void reap_orphans(int pid) {
  siginfo_t info = {0};
  while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0 && info.si_pid != pid) {
    waitpid(info.si_pid, NULL, WNOHANG);
    info.si_pid = 0;
  }
}

static void forward_signals(int pid, int pidfd, int master) {
  unsigned char number;
  while (read(wake_pipe[0], &number, 1) == 1) {
    if (number == SIGCHLD) reap_orphans(pid);
    else if (number == SIGWINCH && master >= 0) kago_copy_window_size(master);
    else sys_pidfd_send_signal(pidfd, number);
  }
}

/* The state of a wait in the foreground. */
struct foreground {
  int pid, pidfd, master;
  struct notify notify;
  struct relay input, output;
};

static int wait_loop(struct foreground *f) {
  for (int late = 0;;) {
    struct pollfd fds[] = {{.fd = f->pidfd, .events = POLLIN},
                           {.fd = wake_pipe[0], .events = POLLIN},
                           relay_watch(&f->input),
                           relay_watch(&f->output),
                           {.fd = f->notify.inside, .events = POLLIN}};
    if (poll(fds, 5, -1) < 0 && errno != EINTR) return -errno;
    if (fds[1].revents) forward_signals(f->pid, f->pidfd, f->master);
    if (fds[2].revents) relay_step(&f->input);
    if (fds[3].revents) relay_step(&f->output);
    if (fds[4].revents) notify_pass(&f->notify, getpid());
    if (fds[0].revents && (!fds[4].revents || ++late > NOTIFY_LATE)) return 0;
  }
}

static int wait_and_relay(struct foreground *f) {
  relay_begin(&f->input, f->master < 0 ? -1 : STDIN_FILENO, f->master, false);
  relay_begin(&f->output, f->master, STDOUT_FILENO, true);
  int result = wait_loop(f);
  if (result == 0) relay_drain(&f->output);
  relay_end(&f->output);
  return result < 0 ? result : kago_wait(f->pid);
}

/* Sets raw mode, so that keys reach the container's terminal; true if `before` must be restored. */
static bool make_raw(struct termios *before) {
  if (tcgetattr(STDIN_FILENO, before) < 0) return false;
  struct termios raw = *before;
  cfmakeraw(&raw);
  return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

int kago_foreground(int pid, int master, int inside, int manager, const char *names) {
  static struct foreground f; /* static memory of zeros, which takes no space in the library's file */
  int pidfd = sys_pidfd_open(pid);
  if (pidfd < 0) return pidfd;
  f = (struct foreground){.pid = pid, .pidfd = pidfd, .master = master, .notify = {inside, manager, names}};
  int result = kago_catch_signals(0);
  if (result == 0) {
    struct termios before;
    bool raw = master >= 0 && make_raw(&before);
    if (master >= 0) kago_copy_window_size(master);
    /* With a long paste, we would otherwise block until the container reads, while it blocks until we read its
     * output. */
    if (master >= 0) fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
    result = wait_and_relay(&f);
    if (raw) tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    release_signals();
  }
  close(pidfd);
  return result;
}
