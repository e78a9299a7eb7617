/* Runs one hook of the runtime spec ("POSIX-platform Hooks"): a program of its own with the container's state on stdin. */
#ifndef KAGO_HOOK_H
#define KAGO_HOOK_H

#include <stddef.h>
#include <stdint.h>

/* In place of an errno: the hook ran and failed; the low 16 bits are its wait(2) status. */
#define HOOK_FAILED 0x10000

/* How much is kept of each of a hook's streams: its end, where errors are. */
enum { HOOK_TAIL = 1024 };

struct hook_output {
  struct hook_tail {
    char text[HOOK_TAIL]; /* without NULs, and not ended by one */
    size_t size;
  } stdout_tail, stderr_tail;
};

struct filter_program;

struct hook {
  const char *path;
  char *const *argv;
  char *const *envp;
  const char *input; /* for its standard input */
  uint32_t timeout_ms; /* 0: none */
  const char *cwd; /* empty: the caller's */
  const struct filter_program *filter; /* what it runs under, NULL for what this process does */
  unsigned filter_flags;
};

/* Waits for the hook's end: 0, -errno when it could not be run, -ETIMEDOUT when it was killed for taking too long, or
 * -(HOOK_FAILED | status). What it writes goes to `output` alone. */
int hook_run(const struct hook *hook, struct hook_output *output);

#endif
