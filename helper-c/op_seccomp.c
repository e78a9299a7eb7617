/* Loads a compiled seccomp filter. Compiling it is libseccomp's business, in Main. */
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "kernel.h"
#include "message.h"

enum { FLAG_NEW_LISTENER = 8, MAX_INSTRUCTIONS = 4096 };

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
  struct filter_instruction *instructions = malloc(size);
  if (!instructions) return -ENOMEM;
  memcpy(instructions, f[0].data, size);
  struct filter_program program = {.length = (uint16_t)count, .instructions = instructions};
  long result = sys_seccomp_filter((unsigned)f[1].number, &program);
  free(instructions);
  if (result < 0) return (int)result;
  /* With TSYNC a positive result is the thread that could not be reached, and nothing is loaded. */
  if (result > 0 && !(f[1].number & FLAG_NEW_LISTENER)) return -ESRCH;
  return f[1].number & FLAG_NEW_LISTENER ? hand_over(c, (int)result) : 0;
}
