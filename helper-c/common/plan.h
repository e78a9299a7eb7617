/* The encoding of a plan and its check. The layout is in runtime/plan/encode.ts. Only sizes are checked, not
 * meanings. */
#ifndef KAGO_PLAN_H
#define KAGO_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "ops.gen.h"

enum {
  PLAN_MAGIC = 0x314f474b,
  PLAN_STAGES = 5,
  PLAN_HEADER = 8 + 4 * PLAN_STAGES,
  PLAN_MAX_SIZE = 64 << 20,
  MAX_FIELDS = 13
};

enum opcode {
#define X(code, name, fields) OP_##name = code,
  OPERATIONS(X)
#undef X
      OP_COUNT
};

/* One decoded field: a number, a string, bytes, or a list, whose items `list_next` walks. */
struct field {
  uint64_t number;
  const char *text;    /* NUL-terminated, inside the plan */
  uint32_t count;      /* size of the bytes, or number of a list's items */
  const uint8_t *data; /* the bytes, or the first item of a list */
};

struct plan {
  const uint8_t *bytes;
  size_t size;
  uint32_t counts[PLAN_STAGES];
};

/* Where a plan is malformed; `operation` counts across all stages, from 0. */
struct plan_fault {
  uint32_t offset;
  uint32_t operation;
  const char *problem;
};

/* Checks all of `bytes` and fills `plan`: 0, or -EINVAL and `fault`. */
int plan_check(const uint8_t *bytes, size_t size, struct plan *plan, struct plan_fault *fault);

/* Maps the plan in the sealed memory file `fd` and checks it: 0 or -errno. The mapping is never removed. */
int plan_load(int fd, struct plan *plan);

/* Decodes the operation at *offset of a checked plan and advances *offset past it. */
enum opcode plan_next(const struct plan *plan, size_t *offset, struct field fields[MAX_FIELDS]);

/* The offset of the first operation of `stage` in a checked plan. */
size_t plan_stage_offset(const struct plan *plan, uint32_t stage);

/* Returns the string at *item of a list of strings, and advances *item to the next. */
const char *list_next(const uint8_t **item);

/* A NULL-terminated array of a list's strings, which remain in the plan, with room for one more; NULL if out of
 * memory. */
char **list_vector(const struct field *list);

/* The i-th number of a list of u32, and of a list of u64. */
uint32_t list_number(const struct field *list, uint32_t i);
uint64_t list_long_number(const struct field *list, uint32_t i);

#endif
