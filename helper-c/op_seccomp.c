/* Loads a compiled seccomp filter. Compiling it is libseccomp's business, in Main. */
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "kernel.h"
#include "message.h"

/* linux/filter.h, which musl has not */
struct filter_instruction {
  uint16_t code;
  uint8_t jump_true, jump_false;
  uint32_t operand;
};
struct filter_program {
  uint16_t length;
  struct filter_instruction *instructions;
};

enum { SET_MODE_FILTER = 1, FLAG_NEW_LISTENER = 8, MAX_INSTRUCTIONS = 4096 };

/* The descriptor on which somebody will decide about system calls goes to Main, who knows whom to give it to. */
static int hand_over(struct context *c, int listener) {
  struct message message = {.type = MESSAGE_LISTENER, .stage = c->stage};
  int result = message_send(c->sync_fd, &message, listener);
  sys_close(listener);
  return result;
}

int op_seccomp(struct context *c, const struct field *f) {
  uint32_t size = f[0].count, count = size / sizeof(struct filter_instruction);
  if (size % sizeof(struct filter_instruction) || count == 0 || count > MAX_INSTRUCTIONS) return -EINVAL;
  struct filter_program program = {.length = (uint16_t)count, .instructions = malloc(size)};
  if (!program.instructions) return -ENOMEM;
  memcpy(program.instructions, f[0].data, size);
  long result = raw_syscall(SYS_seccomp, SET_MODE_FILTER, (long)f[1].number, (long)&program, 0, 0, 0);
  free(program.instructions);
  if (result < 0) return (int)result;
  /* With TSYNC a positive result is the thread that could not be reached, and nothing is loaded. */
  if (result > 0 && !(f[1].number & FLAG_NEW_LISTENER)) return -ESRCH;
  return f[1].number & FLAG_NEW_LISTENER ? hand_over(c, (int)result) : 0;
}
