/* Writes plans in their wire form (runtime/plan/encode.ts), well-formed ones and, byte by byte, others. */
#ifndef KAGO_PLAN_WRITER_H
#define KAGO_PLAN_WRITER_H

#include <stdlib.h>
#include <string.h>

#include "../common/plan.h"

enum { WRITER_CAPACITY = 256 << 10 };

struct plan_writer {
  uint8_t bytes[WRITER_CAPACITY];
  size_t size;
  size_t operation_at; /* where the operation begins whose size is not known yet; 0 when there is none */
  uint32_t counts[PLAN_STAGES];
  uint32_t stage;
};

/* The field codes of every operation, by opcode. */
static const char *const WRITER_FIELDS[OP_COUNT] = {
#define X(code, name, fields) [code] = fields,
    OPERATIONS(X)
#undef X
};

static inline void put_bytes(struct plan_writer *w, const void *bytes, size_t size) {
  if (w->size + size > WRITER_CAPACITY) abort();
  memcpy(w->bytes + w->size, bytes, size);
  w->size += size;
}

static inline void put_u32(struct plan_writer *w, uint32_t value) { put_bytes(w, &value, sizeof value); }

static inline void put_u64(struct plan_writer *w, uint64_t value) { put_bytes(w, &value, sizeof value); }

static inline void put_str(struct plan_writer *w, const char *text) {
  size_t length = strlen(text);
  put_u32(w, (uint32_t)length);
  put_bytes(w, text, length + 1);
}

static inline void put_blob(struct plan_writer *w, const void *bytes, uint32_t size) {
  put_u32(w, size);
  put_bytes(w, bytes, size);
}

/* A list of strings; `texts` ends in NULL. */
static inline void put_strs(struct plan_writer *w, const char *const *texts) {
  uint32_t count = 0;
  while (texts[count]) count++;
  put_u32(w, count);
  for (uint32_t i = 0; i < count; i++) put_str(w, texts[i]);
}

static inline void put_u32s(struct plan_writer *w, const uint32_t *numbers, uint32_t count) {
  put_u32(w, count);
  for (uint32_t i = 0; i < count; i++) put_u32(w, numbers[i]);
}

static inline void put_u64s(struct plan_writer *w, const uint64_t *numbers, uint32_t count) {
  put_u32(w, count);
  for (uint32_t i = 0; i < count; i++) put_u64(w, numbers[i]);
}

static inline void set_u32(struct plan_writer *w, size_t at, uint32_t value) { memcpy(w->bytes + at, &value, 4); }

static inline void end_operation(struct plan_writer *w) {
  if (w->operation_at) set_u32(w, w->operation_at + 4, (uint32_t)(w->size - w->operation_at - 8));
  w->operation_at = 0;
}

static inline void begin_plan(struct plan_writer *w) {
  memset(w, 0, sizeof *w);
  put_u32(w, PLAN_MAGIC);
  for (int i = 0; i < 1 + PLAN_STAGES; i++) put_u32(w, 0);
}

/* The operations that follow belong to `stage`; stages come in order. */
static inline void begin_stage(struct plan_writer *w, uint32_t stage) {
  end_operation(w);
  w->stage = stage;
}

/* The fields that follow are those of this operation. */
static inline void begin_operation(struct plan_writer *w, uint32_t opcode) {
  end_operation(w);
  w->operation_at = w->size;
  w->counts[w->stage]++;
  put_u32(w, opcode);
  put_u32(w, 0);
}

static inline void end_plan(struct plan_writer *w) {
  end_operation(w);
  set_u32(w, 4, (uint32_t)w->size);
  for (size_t i = 0; i < PLAN_STAGES; i++) set_u32(w, 8 + 4 * i, w->counts[i]);
}

/* An operation whose fields are two strings, the commonest shape. */
static inline void put_operation_ss(struct plan_writer *w, uint32_t opcode, const char *first, const char *second) {
  begin_operation(w, opcode);
  put_str(w, first);
  put_str(w, second);
}

/* One operation of each opcode, spread over all stages: every type of field, empty ones and long ones. */
static inline void put_all_operations(struct plan_writer *w) {
  static const char *const texts[] = {"", "one", "a longer item with \xc3\xa9", NULL};
  static const uint32_t numbers[] = {0, 1, 0xffffffff};
  static const uint64_t long_numbers[] = {0, 1, UINT64_MAX};
  for (uint32_t opcode = 1; opcode < OP_COUNT; opcode++) {
    if (opcode % (OP_COUNT / PLAN_STAGES + 1) == 0) begin_stage(w, w->stage + 1);
    begin_operation(w, opcode);
    for (const char *code = WRITER_FIELDS[opcode]; *code; code++) {
      if (*code == 'u') put_u32(w, 0x01020304u + opcode);
      else if (*code == 'U') put_u64(w, 0x0102030405060708u + opcode);
      else if (*code == 's') put_str(w, opcode % 3 ? "/some/path" : "");
      else if (*code == 'b') put_blob(w, "\0bytes\0\xff", 8);
      else if (*code == 'S') put_strs(w, texts);
      else if (*code == 'W') put_u64s(w, long_numbers, 3);
      else put_u32s(w, numbers, 3);
    }
  }
}

#endif
