/* hook_run(): the program, its input and surroundings, its time, and how its end is told. */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "../../common/kernel.h"
#include "../../stage/hook.h"

static char *const ENV[] = {"HOOK=env", "PATH=/bin:/usr/bin", NULL};

static struct hook_output output;

static const char *tail(const struct hook_tail *tail) {
  static char text[HOOK_TAIL + 1];
  memcpy(text, tail->text, tail->size);
  text[tail->size] = 0;
  return text;
}

/* `sh -c SCRIPT` with `input`. */
static int run(const char *script, const char *input, uint32_t timeout_ms) {
  char *argv[] = {"named", "-c", (char *)(unsigned long)script, NULL};
  const struct hook hook = {"/bin/sh", argv, ENV, input, timeout_ms, "", NULL, 0};
  return hook_run(&hook, &output);
}

static const char *content(const char *path) {
  static char text[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0);
  ssize_t n = read(fd, text, sizeof text - 1);
  text[n > 0 ? n : 0] = 0;
  close(fd);
  return text;
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

TEST(a_hook_gets_its_name_environment_and_input) {
  EQUAL(run("echo $0 $HOOK > told; cat >> told", "{state}", 0), 0);
  EQUAL_TEXT(content("told"), "named env\n{state}");
}

TEST(a_hook_runs_in_its_folder) {
  char *argv[] = {"sh", "-c", "pwd > here", NULL};
  CHECK(mkdir("folder", 0755) == 0);
  const struct hook hook = {"/bin/sh", argv, ENV, "", 0, "folder", NULL, 0};
  EQUAL(hook_run(&hook, &output), 0);
  CHECK(strstr(content("folder/here"), "/folder\n") != NULL);
}

TEST(a_hook_that_fails_tells_how) {
  EQUAL(run("exit 7", "", 0), -(HOOK_FAILED | 7 << 8));
  EQUAL(run("kill -9 $$", "", 0), -(HOOK_FAILED | SIGKILL));
}

TEST(what_a_hook_writes_is_kept_apart_and_goes_nowhere_else) {
  EQUAL(run("echo out; echo err >&2; exit 3", "", 0), -(HOOK_FAILED | 3 << 8));
  EQUAL_TEXT(tail(&output.stdout_tail), "out\n");
  EQUAL_TEXT(tail(&output.stderr_tail), "err\n");
}

TEST(the_end_is_kept_of_what_a_hook_writes) {
  EQUAL(run("head -c 3000000 /dev/zero; printf %s end; head -c 2000 /dev/zero | tr '\\0' x >&2", "", 0), 0);
  EQUAL(output.stdout_tail.size, HOOK_TAIL);
  EQUAL(memcmp(output.stdout_tail.text + HOOK_TAIL - 4, " end", 4), 0);
  EQUAL(output.stderr_tail.size, HOOK_TAIL);
}

TEST(what_a_hook_leaves_behind_is_not_waited_for) {
  long before = now_ms();
  EQUAL(run("echo early; (sleep 5; echo late) & echo $! > left", "", 0), 0);
  CHECK(now_ms() - before < 4000);
  EQUAL_TEXT(tail(&output.stdout_tail), "early\n");
  kill(atoi(content("left")), SIGKILL);
}

TEST(a_hook_may_close_its_streams) { EQUAL(run("exec >&- 2>&-; sleep 0.1", "", 0), 0); }

TEST(what_was_written_before_the_time_was_over_is_kept) {
  EQUAL(run("echo early; exec sleep 1000", "", 3000), -ETIMEDOUT);
  EQUAL_TEXT(tail(&output.stdout_tail), "early\n");
}

TEST(a_hook_that_is_not_there_or_no_program_is_an_error) {
  char *argv[] = {"x", NULL};
  EQUAL(hook_run(&(struct hook){"/no/such/hook", argv, ENV, "", 0, "", NULL, 0}, &output), -ENOENT);
  EQUAL(hook_run(&(struct hook){"/etc/passwd", argv, ENV, "", 0, "", NULL, 0}, &output), -EACCES);
}

TEST(a_hook_need_not_read_its_input) {
  static char input[1 << 20];
  memset(input, 'x', sizeof input - 1);
  EQUAL(run("exit 0", input, 0), 0);
  EQUAL(run("exec <&-; sleep 0.1", input, 0), 0);
}

TEST(a_long_input_arrives_whole) {
  static char input[1 << 20];
  memset(input, 'x', sizeof input - 1);
  EQUAL(run("test $(wc -c) -eq 1048575", input, 0), 0);
}

TEST(a_hook_that_takes_too_long_is_killed) {
  long before = now_ms();
  /* Enough for a shell to start and write, on a slow machine too. */
  EQUAL(run("echo $$ > pid; exec sleep 1000", "", 3000), -ETIMEDOUT);
  CHECK(now_ms() - before < 30000);
  int pid = atoi(content("pid"));
  CHECK(pid > 0);
  EQUAL(kill(pid, 0), -1);
}

TEST(a_hook_that_is_quick_enough_is_not) { EQUAL(run("sleep 0.1", "", 20000), 0); }

TEST(a_hook_begins_with_no_signal_blocked_or_ignored_and_ours_stay) {
  sigset_t blocked, after;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_SETMASK, &blocked, NULL);
  signal(SIGUSR2, SIG_IGN);
  EQUAL(run("grep SigBlk /proc/self/status > blocked; grep SigIgn /proc/self/status > ignored", "", 0), 0);
  EQUAL_TEXT(content("blocked"), "SigBlk:\t0000000000000000\n");
  /* The C library keeps 32 and 33 for itself, and lets nobody reset them. */
  EQUAL(strtoull(content("ignored") + strlen("SigIgn:\t"), NULL, 16) & ~(3ull << 31), 0);
  sigprocmask(SIG_SETMASK, NULL, &after);
  CHECK(sigismember(&after, SIGUSR1));
  struct sigaction pipe;
  sigaction(SIGPIPE, NULL, &pipe);
  CHECK(pipe.sa_handler == SIG_DFL);
}

/* Allows everything but three calls. */
#define REFUSE(number) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define FILTER(a, b, c) \
  {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), REFUSE(a), REFUSE(b), REFUSE(c), \
   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}

static int run_under(const struct sock_filter *code, size_t size, const char *script) {
  char *argv[] = {"named", "-c", (char *)(unsigned long)script, NULL};
  const struct filter_program program = {(uint16_t)(size / sizeof *code), (const struct filter_instruction *)code};
  return hook_run(&(struct hook){"/bin/sh", argv, ENV, "", 0, "", &program, 0}, &output);
}

TEST(a_hook_runs_under_its_filter_and_we_do_not) {
  static const struct sock_filter code[] = FILTER(SYS_mkdirat, SYS_mkdir, SYS_chroot);
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  EQUAL(run_under(code, sizeof code, "grep Seccomp: /proc/self/status > told; ! mkdir refused 2> /dev/null"), 0);
  EQUAL_TEXT(content("told"), "Seccomp:\t2\n");
  CHECK(mkdir("refused", 0755) == 0);
}

TEST(a_hook_that_may_neither_run_nor_exit_is_an_error) {
  static const struct sock_filter code[] = FILTER(SYS_execve, SYS_exit_group, SYS_exit);
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  EQUAL(run_under(code, sizeof code, "exit 0"), -EPERM);
  EQUAL(waitpid(-1, NULL, WNOHANG), -1);
}
