/* Runs a stage's operations. Each is a function, listed in operations.c; for the guest agent in agent/operations.c. */
#include <errno.h>

#include "../common/context.h"

int run_stage(struct context *c, uint32_t *failed) {
  /* The clone of Init changes c->stage; that stage's operations are run by another call. */
  const enum stage stage = c->stage;
  size_t offset = plan_stage_offset(c->plan, stage);
  struct field fields[MAX_FIELDS];
  for (uint32_t i = 0; i < c->plan->counts[stage]; i++) {
    enum opcode opcode = plan_next(c->plan, &offset, fields);
    int result = OPERATION_TABLE[opcode] ? OPERATION_TABLE[opcode](c, fields) : -ENOSYS;
    if (result < 0) {
      *failed = i;
      return result;
    }
  }
  return 0;
}
