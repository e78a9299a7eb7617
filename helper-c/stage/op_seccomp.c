/* Loads a compiled seccomp filter, or stores it for hooks (hook.c). libseccomp compiles it, in Main. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/message.h"

enum { FLAG_NEW_LISTENER = 8, MAX_INSTRUCTIONS = 4096 };

/* Sends the listener to Main, which knows the seccomp agent that decides about system calls. */
static int hand_over(struct context *c, int listener) {
  struct message message = {.type = MESSAGE_LISTENER, .stage = c->stage};
  int result = message_send(c->sync_fd, &message, listener);
  sys_close(listener);
  return result;
}

/* An aligned copy, which the caller must free. */
static int copy_program(const struct field *bytes, struct filter_program *program) {
  uint32_t size = bytes->count, count = size / sizeof(struct filter_instruction);
  if (size % sizeof(struct filter_instruction) || count == 0 || count > MAX_INSTRUCTIONS) return -EINVAL;
  struct filter_instruction *instructions = malloc(size);
  if (!instructions) return -ENOMEM;
  memcpy(instructions, bytes->data, size);
  *program = (struct filter_program){.length = (uint16_t)count, .instructions = instructions};
  return 0;
}

/* end_process() uses SIGILL as its last resort, which must not depend on the filter. All zero is SIG_DFL. */
static void expect_faults(void) {
  const uint64_t defaults[4] = {0};
  raw_syscall(SYS_rt_sigaction, SIGILL, (long)defaults, 0, 8, 0, 0);
}

int op_seccomp(struct context *c, const struct field *f) {
  struct filter_program program;
  int copied = copy_program(&f[F_seccomp_filter], &program);
  if (copied < 0) return copied;
  expect_faults();
  long result = sys_seccomp_filter((unsigned)f[F_seccomp_flags].number, &program);
  free((void *)(uintptr_t)program.instructions);
  if (result < 0) return (int)result;
  /* With TSYNC a positive result is the id of a thread that could not be synchronized, and nothing is loaded. */
  if (result > 0 && !(f[F_seccomp_flags].number & FLAG_NEW_LISTENER)) return -ESRCH;
  return f[F_seccomp_flags].number & FLAG_NEW_LISTENER ? hand_over(c, (int)result) : 0;
}

int op_hook_filter(struct context *c, const struct field *f) {
  c->hook_filter_flags = (unsigned)f[F_hook_filter_flags].number;
  return copy_program(&f[F_hook_filter_filter], &c->hook_filter);
}
