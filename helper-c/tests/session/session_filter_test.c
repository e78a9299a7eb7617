/* What is left to a process that stands for one in a guest. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "../../common/kernel.h"
#include "../../session/session_filter.h"
#include "../check.h"

/* The wait status of a process that did this behind the filter, and then ended with 0. */
static int behind_filter(void (*act)(void)) {
  int status;
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (session_filter() < 0) _exit(2);
    act();
    /* A sanitizer's own _exit() does more. */
    raw_syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
  }
  CHECK(waitpid(pid, &status, 0) == pid);
  return status;
}

static void relay(void) {
  static int pair[2] = {3, 4};
  char bytes[4];
  struct pollfd wait = {.fd = pair[0], .events = POLLIN};
  if (send(pair[1], "ping", 4, MSG_NOSIGNAL) != 4 || poll(&wait, 1, 1000) != 1 || recv(pair[0], bytes, 4, 0) != 4)
    _exit(3);
  if (write(pair[0], "pong", 4) != 4 || read(pair[1], bytes, 4) != 4) _exit(4);
  if (fcntl(pair[0], F_SETFL, fcntl(pair[0], F_GETFL) | O_NONBLOCK) < 0 || read(pair[0], bytes, 1) != -1) _exit(5);
  struct winsize size;
  if (ioctl(pair[0], TIOCGWINSZ, &size) != -1 || errno != ENOTTY) _exit(6);
  struct timespec now;
  if (raw_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0, 0) < 0 || close(pair[0]) < 0) _exit(7);
}

static void open_file(void) { raw_syscall(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY, 0, 0, 0); }
static void open_safely(void) { sys_openat2(AT_FDCWD, "/dev/null", O_RDONLY, 0, 0); }
static void make_socket(void) { raw_syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0, 0); }
static void execute(void) { raw_syscall(SYS_execve, (long)"/bin/true", 0, 0, 0, 0, 0); }
static void split(void) { raw_syscall(SYS_fork, 0, 0, 0, 0, 0, 0); }
static void signal_parent(void) { raw_syscall(SYS_kill, getppid(), 0, 0, 0, 0, 0); }
static void map_code(void) { raw_syscall(SYS_mmap, 0, 4096, 7, 0x22, -1, 0); }
static void type_for_others(void) { raw_syscall(SYS_ioctl, 3, TIOCSTI, (long)"x", 0, 0, 0); }
static void own_descriptor(void) { raw_syscall(SYS_fcntl, 3, F_SETOWN, 1, 0, 0, 0); }
/* The numbers of the x32 interface, and a second argument whose lower half is allowed. */
static void other_numbers(void) { raw_syscall(0x40000000 | SYS_read, 3, 0, 0, 0, 0, 0); }

TEST(bytes_move_between_open_descriptors) {
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  CHECK(dup2(pair[0], 3) == 3 && dup2(pair[1], 4) == 4);
  EQUAL(behind_filter(relay), 0);
}

TEST(everything_else_ends_the_process) {
  void (*const acts[])(void) = {open_file, open_safely,   make_socket,     execute,        split,
                                map_code,  signal_parent, type_for_others, own_descriptor, other_numbers};
  for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
    int status = behind_filter(acts[i]);
    CHECK(WIFSIGNALED(status));
    EQUAL(WTERMSIG(status), SIGSYS);
  }
}

TEST(without_no_new_privs_an_ordinary_user_gets_no_filter) {
  SKIP_UNLESS(geteuid() == 0, "needs root to become an ordinary user");
  CHECK(syscall(SYS_setresuid, 12345, 12345, 12345) == 0);
  EQUAL(session_filter(), -EACCES);
}
