/* The VMM's filter of system calls and its Landlock rules, in processes of their own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../../common/kernel.h"
#include "../../vmm/jail/jail.h"
#include "../check.h"

/* The wait status of a process that did this behind the filter, and then ended with 0. */
static int behind_filter(uint32_t features, void (*act)(void)) {
  int status;
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    jail_name_refused();
    if (jail_filter(features) < 0) _exit(2);
    act();
    raw_syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
  }
  CHECK(waitpid(pid, &status, 0) == pid);
  return status;
}

static void serve(void) {
  int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600), pair[2];
  if (fd < 0 || pwrite(fd, "x", 1, 0) != 1 || ftruncate(fd, 4096) < 0) _exit(3);
  if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED) _exit(4);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || send(pair[0], "x", 1, MSG_NOSIGNAL) != 1)
    _exit(5);
  if (ioctl(pair[1], FIONREAD, &fd) < 0 || fd != 1) _exit(6);
  /* libkrun wants these two to be done or refused, not to end with them. */
  if (signal(SIGSYS, SIG_DFL) == SIG_ERR) _exit(7);
  if (raw_syscall(SYS_clone3, 0, 0, 0, 0, 0, 0) != -ENOSYS) _exit(8);
}

/* libc asks for a terminal's modes and sets them by either kind of call (asm-generic/ioctls.h); glibc since 2.42 by the second. */
static void use_terminal(void) {
  enum { TERMIOS2_SIZE = 44 };
  const unsigned long commands[] = {TCGETS,
                                    TCSETS,
                                    TCSETSW,
                                    TCSETSF,
                                    TIOCGWINSZ,
                                    _IOC(_IOC_READ, 'T', 0x2a, TERMIOS2_SIZE),
                                    _IOC(_IOC_WRITE, 'T', 0x2b, TERMIOS2_SIZE),
                                    _IOC(_IOC_WRITE, 'T', 0x2c, TERMIOS2_SIZE),
                                    _IOC(_IOC_WRITE, 'T', 0x2d, TERMIOS2_SIZE)};
  int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (raw_syscall(SYS_ioctl, fd, (long)commands[i], 0, 0, 0, 0) != -ENOTTY) _exit(9);
}

static void internet(void) { raw_syscall(SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0); }
static void map_code(void) { raw_syscall(SYS_mmap, 0, 4096, 7, 0x22, -1, 0); }
static void high_half(void) { raw_syscall(SYS_socket, (long)(1ull << 32 | AF_INET), SOCK_STREAM, 0, 0, 0, 0); }
static void execute(void) { raw_syscall(SYS_execve, (long)"/bin/true", 0, 0, 0, 0, 0); }
static void after_disarming(void) {
  signal(SIGSYS, SIG_IGN);
  execute();
}

TEST(a_vmm_serves_files_and_sockets_behind_its_filter) { EQUAL(behind_filter(0, serve), 0); }

TEST(a_vmm_has_a_terminal_whichever_libc_it_has) { EQUAL(behind_filter(0, use_terminal), 0); }

TEST(a_feature_opens_what_it_needs) {
  EQUAL(behind_filter(FEATURE_TSI, internet), 0);
  EQUAL(WEXITSTATUS(behind_filter(0, internet)), 128 + SIGSYS);
  EQUAL(behind_filter(FEATURE_GPU, map_code), 0);
  EQUAL(WEXITSTATUS(behind_filter(FEATURE_TSI, map_code)), 128 + SIGSYS);
}

TEST(the_rest_ends_the_process_with_its_name) {
  void (*const acts[])(void) = {execute, high_half, after_disarming};
  static const char *const names[] = {"execve", "socket", "execve"};
  for (int i = 0; i < 3; i++) {
    char words[256] = "", expected[256];
    int log = open("log", O_RDWR | O_CREAT | O_TRUNC, 0600), before = dup(2);
    CHECK(dup2(log, 2) == 2);
    int status = behind_filter(0, acts[i]);
    CHECK(dup2(before, 2) == 2);
    EQUAL(WEXITSTATUS(status), 128 + SIGSYS);
    snprintf(expected, sizeof expected, "kago: the VMM called %s, which it may not make\n", names[i]);
    CHECK(pread(log, words, sizeof words - 1, 0) > 0);
    EQUAL_TEXT(words, expected);
    close(log);
    close(before);
  }
}

/* The errors, 0 for none, of a process whose root is `root` and that obeys the rules made there. */
static void behind_rules(const struct context *c, const char *root, int host, int errors[5]) {
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    if (chroot(root) < 0 || chdir("/") < 0) _exit(2);
    int ruleset = jail_ruleset(c, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (ruleset < 0 || sys_landlock_restrict_self(ruleset) < 0) _exit(3);
    errors[0] = open("/inside", O_RDWR) < 0 ? errno : 0;
    errors[1] = openat(host, "outside", O_RDONLY) < 0 ? errno : 0;
    errors[2] = rename("/inside", "/folder/moved") < 0 ? errno : 0;
    errors[3] = openat(c->agent_fd, "agent", O_RDONLY) < 0 ? errno : 0;
    errors[4] = openat(c->agent_fd, "agent", O_WRONLY) < 0 ? errno : 0;
    if (write(pipes[1], errors, 5 * sizeof *errors) < 0) _exit(4);
    _exit(0);
  }
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  EQUAL(status, 0);
  EQUAL(read(pipes[0], errors, 5 * sizeof *errors), 5 * sizeof *errors);
}

TEST(landlock_leaves_the_root_and_the_agents_folder) {
  SKIP_UNLESS(geteuid() == 0, "needs root for a chroot");
  SKIP_UNLESS(raw_syscall(444, 0, 0, 1, 0, 0, 0) >= 2, "needs Landlock");
  CHECK(mkdir("root", 0755) == 0 && mkdir("root/folder", 0755) == 0 && mkdir("agent", 0755) == 0);
  CHECK(close(open("root/inside", O_CREAT | O_WRONLY, 0600)) == 0);
  CHECK(close(open("outside", O_CREAT | O_WRONLY, 0600)) == 0);
  CHECK(close(open("agent/agent", O_CREAT | O_WRONLY, 0600)) == 0);
  const struct context c = {.agent_fd = open("agent", O_PATH), .run_fd = -1};
  int errors[5];
  behind_rules(&c, "root", open(".", O_PATH), errors);
  const int expected[5] = {0, EACCES, 0, 0, EACCES};
  for (int i = 0; i < 5; i++) EQUAL(errors[i], expected[i]);
}
