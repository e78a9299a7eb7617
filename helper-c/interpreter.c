/* The loop over a stage's operations, nothing more: what an operation does stands in its own function. */
#include "context.h"

static operation *const FUNCTIONS[OP_COUNT] = {
#define X(code, name, fields) [code] = op_##name,
    OPERATIONS(X)
#undef X
};

int run_stage(struct context *c, uint32_t *failed) {
  /* The clone of Init changes c->stage; its own operations are another call's. */
  const enum stage stage = c->stage;
  size_t offset = plan_stage_offset(c->plan, stage);
  struct field fields[MAX_FIELDS];
  for (uint32_t i = 0; i < c->plan->counts[stage]; i++) {
    enum opcode opcode = plan_next(c->plan, &offset, fields);
    int result = FUNCTIONS[opcode](c, fields);
    if (result < 0) {
      *failed = i;
      return result;
    }
  }
  return 0;
}
