/* Two terminals: the user's, which is our standard input and controlling terminal, and the container's, whose master
 * kago_foreground() relays. */
#ifndef KAGO_TERMINAL_FIXTURE_H
#define KAGO_TERMINAL_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "../shim/shim.h"

static int user = -1;  /* the master of our own terminal: what the user types, and sees */
static int ours = -1;  /* its slave, our standard input */
static int inner = -1; /* the master of the container's */

static inline void move_fd(int *fd) {
  int moved = fcntl(*fd, F_DUPFD_CLOEXEC, 20);
  CHECK(moved >= 0);
  close(*fd);
  *fd = moved;
}

/* The user's terminal becomes ours; standard output stays as it is unless `output` too. */
static inline void open_user_terminal(bool output) {
  CHECK(openpty(&user, &ours, NULL, NULL, NULL) == 0);
  move_fd(&user);
  move_fd(&ours);
  CHECK(ioctl(ours, TIOCSCTTY, 0) == 0);
  dup2(ours, 0);
  if (output) dup2(ours, 1);
}

/* A process in the container's terminal, in raw mode if asked; only it holds the slave. */
static inline int start_in_terminal(void (*run)(void), bool raw) {
  int slave;
  CHECK(openpty(&inner, &slave, NULL, NULL, NULL) == 0);
  move_fd(&inner);
  struct termios mode;
  CHECK(tcgetattr(slave, &mode) == 0);
  if (raw) cfmakeraw(&mode);
  else mode.c_oflag &= ~(tcflag_t)OPOST;
  CHECK(tcsetattr(slave, TCSANOW, &mode) == 0);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    dup2(slave, 0);
    dup2(slave, 1);
    syscall(SYS_close_range, 3, ~0u, 0);
    run();
    _exit(0);
  }
  close(slave);
  return pid;
}

/* Reads what the user sees until `text` has come, or fails; what came behind it is for the next call. */
static inline void expect_text(const char *text) {
  static char seen[8192];
  static size_t size;
  char *found;
  while (!(found = strstr(seen, text))) {
    struct pollfd pending = {.fd = user, .events = POLLIN};
    int news = poll(&pending, 1, 30000);
    if (news < 0 && errno == EINTR) continue;
    if (news == 0) dprintf(2, "# \"%s\" did not come, but \"%s\"\n", text, seen);
    CHECK(news > 0);
    ssize_t n = read(user, seen + size, sizeof seen - 1 - size);
    CHECK(n > 0);
    size += (size_t)n;
    seen[size] = 0;
  }
  found += strlen(text);
  size -= (size_t)(found - seen);
  memmove(seen, found, size + 1);
}

static inline void type(const char *text) { CHECK(write(user, text, strlen(text)) == (ssize_t)strlen(text)); }

#endif
