/* The frame of the tests: every TEST runs in a process and an empty folder of its own, with a time limit, and whatever
 * it leaves behind is removed. Prints TAP; the exit code is 1 when a test failed. Include it once a program. */
#ifndef KAGO_CHECK_H
#define KAGO_CHECK_H

#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK_SECONDS = 60, CHECK_MAX_TESTS = 64, CHECK_SKIPPED = 77 };

struct check_test {
  const char *name;
  void (*run)(void);
};

static struct check_test check_tests[CHECK_MAX_TESTS];
static int check_count;
static char check_folder[200]; /* absolute, without links; the test starts in it */

static inline void check_add(const char *name, void (*run)(void)) {
  if (check_count == CHECK_MAX_TESTS) abort();
  check_tests[check_count++] = (struct check_test){name, run};
}

/* A test, named as a fact with underscores for spaces. */
#define TEST(name) \
  static void name(void); \
  __attribute__((constructor)) static void add_##name(void) { check_add(#name, name); } \
  static void name(void)

/* A failed check ends the test; to standard error, which no test redirects. */
#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      dprintf(2, "# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
      _exit(1); \
    } \
  } while (0)

#define EQUAL(actual, expected) \
  do { \
    long long actual_ = (long long)(actual), expected_ = (long long)(expected); \
    if (actual_ != expected_) { \
      dprintf(2, "# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #actual, actual_, expected_); \
      _exit(1); \
    } \
  } while (0)

#define EQUAL_TEXT(actual, expected) \
  do { \
    const char *actual_ = (actual), *expected_ = (expected); \
    if (strcmp(actual_, expected_)) { \
      dprintf(2, "# %s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #actual, actual_, expected_); \
      _exit(1); \
    } \
  } while (0)

/* Ends the test as skipped; the reason is printed. */
#define SKIP_UNLESS(condition, reason) \
  do { \
    if (!(condition)) { \
      dprintf(2, "# skipped: %s\n", reason); \
      _exit(CHECK_SKIPPED); \
    } \
  } while (0)

static inline int check_remove(const char *path, const struct stat *info, int type, struct FTW *walk) {
  (void)info;
  (void)type;
  (void)walk;
  return remove(path);
}

static inline void check_make_folder(void) {
  char made[sizeof check_folder];
  const char *temporary = getenv("TMPDIR");
  snprintf(made, sizeof made, "%s/kago-test-XXXXXX", temporary ? temporary : "/tmp");
  char *real = mkdtemp(made) ? realpath(made, NULL) : NULL;
  if (!real || strlen(real) >= sizeof check_folder) {
    fprintf(stderr, "# no folder at %s\n", made);
    exit(1);
  }
  strcpy(check_folder, real);
  free(real);
}

/* The wait status; a test that outlives its time gives that of SIGKILL. */
static inline int check_execute(const struct check_test *test) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    setsid(); /* so that one signal ends whatever the test has started */
    syscall(SYS_close_range, 3, ~0u, 0); /* what we inherited ourselves */
    if (chdir(check_folder)) _exit(1);
    test->run();
    _exit(0);
  }
  int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), status;
  struct pollfd end = {.fd = pidfd, .events = POLLIN};
  if (poll(&end, 1, CHECK_SECONDS * 1000) == 0) dprintf(2, "# did not end within %d s\n", CHECK_SECONDS);
  kill(-pid, SIGKILL);
  waitpid(pid, &status, 0);
  close(pidfd);
  return status;
}

static inline void check_print(const struct check_test *test, int number, int status) {
  char fact[256];
  snprintf(fact, sizeof fact, "%s", test->name);
  for (char *c = fact; *c; c++) {
    if (*c == '_') *c = ' ';
  }
  int skipped = WIFEXITED(status) && WEXITSTATUS(status) == CHECK_SKIPPED;
  if (WIFSIGNALED(status)) printf("# ended by signal %d\n", WTERMSIG(status));
  printf("%s %d - %s%s\n", status == 0 || skipped ? "ok" : "not ok", number, fact, skipped ? " # SKIP" : "");
}

/* Arguments narrow the run to tests whose name contains one of them. */
static inline int check_wanted(const char *name, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strstr(name, argv[i])) return 1;
  }
  return argc < 2;
}

int main(int argc, char **argv) {
  int failed = 0, number = 0;
  for (int i = 0; i < check_count; i++) {
    if (!check_wanted(check_tests[i].name, argc, argv)) continue;
    check_make_folder();
    int status = check_execute(&check_tests[i]);
    nftw(check_folder, check_remove, 32, FTW_DEPTH | FTW_PHYS);
    check_print(&check_tests[i], ++number, status);
    if (status != 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == CHECK_SKIPPED)) failed++;
  }
  printf("1..%d\n", number);
  return failed > 0;
}

#endif
