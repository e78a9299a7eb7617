/* Walks an accepted plan as the interpreter does and touches every byte of it; AddressSanitizer and the guard page say
 * whether one lies outside. */
#ifndef KAGO_PLAN_WALK_H
#define KAGO_PLAN_WALK_H

#include "guarded.h"
#include "plan_writer.h"

static uint64_t walk_sum; /* keeps the reads from being optimised away */

static inline void walk_field(const struct plan *plan, char code, const struct field *f) {
  const uint8_t *end = plan->bytes + plan->size;
  if (code == 's') {
    CHECK((const uint8_t *)f->text > plan->bytes && (const uint8_t *)f->text + strlen(f->text) < end);
  } else if (code == 'S') {
    const uint8_t *item = f->data;
    for (uint32_t i = 0; i < f->count; i++) walk_sum += strlen(list_next(&item));
    CHECK(item <= end);
  } else if (code == 'V') {
    for (uint32_t i = 0; i < f->count; i++) walk_sum += list_number(f, i);
  } else if (code == 'W') {
    for (uint32_t i = 0; i < f->count; i++) walk_sum += list_long_number(f, i);
  } else if (code == 'b') {
    for (uint32_t i = 0; i < f->count; i++) walk_sum += f->data[i];
  } else {
    walk_sum += f->number;
  }
}

static inline void walk_plan(const struct plan *plan) {
  struct field fields[MAX_FIELDS];
  size_t offset = PLAN_HEADER;
  for (uint32_t stage = 0; stage < PLAN_STAGES; stage++) {
    EQUAL(plan_stage_offset(plan, stage), offset);
    for (uint32_t i = 0; i < plan->counts[stage]; i++) {
      enum opcode opcode = plan_next(plan, &offset, fields);
      CHECK(opcode > 0 && opcode < OP_COUNT);
      for (size_t n = 0; WRITER_FIELDS[opcode][n]; n++) walk_field(plan, WRITER_FIELDS[opcode][n], &fields[n]);
    }
  }
  EQUAL(offset, plan->size);
}

/* Checks a copy of the bytes beside a guard page, and walks it when it is accepted: what plan_check says. A fault must
 * name a place inside the plan. */
static inline int check_and_walk(const uint8_t *bytes, size_t size) {
  struct plan plan;
  struct plan_fault fault = {.offset = UINT32_MAX, .operation = UINT32_MAX};
  int result = plan_check(guarded_copy(bytes, size), size, &plan, &fault);
  if (result == 0) {
    walk_plan(&plan);
  } else {
    EQUAL(result, -EINVAL);
    CHECK(fault.problem && fault.offset <= size && fault.operation <= size / 8);
  }
  return result;
}

#endif
