/* Runs one hook of the runtime spec ("POSIX-platform Hooks"): a separate program with the container's state on
 * stdin. */
#ifndef KAGO_HOOK_H
#define KAGO_HOOK_H

#include <stddef.h>
#include <stdint.h>

/* Replaces an errno if the hook ran and failed; the low 16 bits are its wait(2) status. */
#define HOOK_FAILED 0x10000

/* How much of each of a hook's output streams is kept: the end, where errors are. */
enum { HOOK_TAIL = 1024 };

struct hook_output {
  struct hook_tail {
    char text[HOOK_TAIL]; /* without NULs, and not NUL-terminated */
    size_t size;
  } stdout_tail, stderr_tail;
};

struct filter_program;

struct hook {
  const char *path;
  char *const *argv;
  char *const *envp;
  const char *input; /* written to its standard input */
  uint32_t timeout_ms; /* 0: none */
  const char *cwd; /* empty: the caller's */
  const struct filter_program *filter; /* filter that it runs under; NULL: that of this process */
  unsigned filter_flags;
};

/* Runs the hook to its end: 0, -errno if it could not be run, -ETIMEDOUT if it was killed after the timeout, or
 * -(HOOK_FAILED | status). Its output goes only to `output`. */
int hook_run(const struct hook *hook, struct hook_output *output);

#endif
