#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char *const FIELD_CODES[OP_COUNT] = {
#define X(code, name, fields) [code] = fields,
    OPERATIONS(X)
#undef X
};

#define X(code, name, fields) _Static_assert(sizeof fields - 1 <= MAX_FIELDS, #name);
OPERATIONS(X)
#undef X

static uint32_t read_u32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint64_t read_u64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

/* The part of the plan that is not read yet. */
struct reader {
  const uint8_t *at, *end;
};

static const char *take_u32(struct reader *r, uint32_t *value) {
  if (r->end - r->at < 4) return "truncated number";
  *value = read_u32(r->at);
  r->at += 4;
  return NULL;
}

static const char *take_u64(struct reader *r) {
  if (r->end - r->at < 8) return "truncated number";
  r->at += 8;
  return NULL;
}

static const char *check_string(struct reader *r) {
  uint32_t length;
  const char *problem = take_u32(r, &length);
  if (problem) return problem;
  if (length >= (size_t)(r->end - r->at)) return "string runs past its operation";
  if (memchr(r->at, 0, (size_t)length + 1) != r->at + length) return "string is not terminated where its length says";
  r->at += (size_t)length + 1;
  return NULL;
}

static const char *check_bytes(struct reader *r) {
  uint32_t length;
  const char *problem = take_u32(r, &length);
  if (problem) return problem;
  if (length > (size_t)(r->end - r->at)) return "bytes run past their operation";
  r->at += length;
  return NULL;
}

static const char *check_list(struct reader *r, char code) {
  uint32_t count;
  const char *problem = take_u32(r, &count);
  if (problem) return problem;
  /* An item takes at least four bytes, so a count that is too large is refused before any is read. */
  if (count > (size_t)(r->end - r->at) / 4) return "list runs past its operation";
  for (uint32_t i = 0; i < count && !problem; i++) {
    uint32_t number;
    problem = code == 'S' ? check_string(r) : code == 'W' ? take_u64(r) : take_u32(r, &number);
  }
  return problem;
}

static const char *check_field(struct reader *r, char code) {
  uint32_t number;
  switch (code) {
    case 'u': return take_u32(r, &number);
    case 'U': return take_u64(r);
    case 's': return check_string(r);
    case 'b': return check_bytes(r);
    default: return check_list(r, code);
  }
}

static const char *check_operation(struct reader *r) {
  uint32_t opcode, length;
  const char *problem = take_u32(r, &opcode);
  if (!problem) problem = take_u32(r, &length);
  if (problem) return problem;
  if (opcode == 0 || opcode >= OP_COUNT) return "unknown opcode";
  if (length > (size_t)(r->end - r->at)) return "operation runs past the plan";
  struct reader fields = {r->at, r->at + length};
  for (const char *code = FIELD_CODES[opcode]; *code && !problem; code++) problem = check_field(&fields, *code);
  if (!problem && fields.at != fields.end) problem = "operation has bytes to spare";
  r->at += length;
  return problem;
}

static int fault_at(struct plan_fault *fault, size_t offset, uint32_t operation, const char *problem) {
  fault->offset = (uint32_t)offset;
  fault->operation = operation;
  fault->problem = problem;
  return -EINVAL;
}

int plan_check(const uint8_t *bytes, size_t size, struct plan *plan, struct plan_fault *fault) {
  if (size < PLAN_HEADER || size > PLAN_MAX_SIZE) return fault_at(fault, 0, 0, "plan is too short or too long");
  if (read_u32(bytes) != PLAN_MAGIC) return fault_at(fault, 0, 0, "not a plan");
  if (read_u32(bytes + 4) != size) return fault_at(fault, 4, 0, "plan is truncated");
  struct reader r = {bytes + PLAN_HEADER, bytes + size};
  uint32_t operation = 0;
  for (uint32_t stage = 0; stage < PLAN_STAGES; stage++) {
    plan->counts[stage] = read_u32(bytes + 8 + 4 * stage);
    for (uint32_t i = 0; i < plan->counts[stage]; i++, operation++) {
      size_t offset = (size_t)(r.at - bytes);
      const char *problem = check_operation(&r);
      if (problem) return fault_at(fault, offset, operation, problem);
    }
  }
  if (r.at != r.end) return fault_at(fault, (size_t)(r.at - bytes), operation, "plan has bytes to spare");
  plan->bytes = bytes;
  plan->size = size;
  return 0;
}

int plan_load(int fd, struct plan *plan) {
  const int needed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0) return -errno;
  if ((seals & needed) != needed) return -EPERM; /* an unsealed plan could change after its check */
  struct stat info;
  if (fstat(fd, &info) < 0) return -errno;
  void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) return -errno;
  struct plan_fault fault;
  return plan_check(bytes, (size_t)info.st_size, plan, &fault);
}

static const uint8_t *skip_string(const uint8_t *at) { return at + 5 + read_u32(at); }

static const uint8_t *decode_field(const uint8_t *at, char code, struct field *field) {
  memset(field, 0, sizeof *field);
  switch (code) {
    case 'u': field->number = read_u32(at); return at + 4;
    case 'U': field->number = read_u64(at); return at + 8;
    case 's': field->text = (const char *)at + 4; return skip_string(at);
    case 'b':
      field->count = read_u32(at);
      field->data = at + 4;
      return at + 4 + field->count;
    default:
      field->count = read_u32(at);
      field->data = at + 4;
      at += 4;
      for (uint32_t i = 0; i < field->count; i++) at = code == 'S' ? skip_string(at) : at + (code == 'W' ? 8 : 4);
      return at;
  }
}

enum opcode plan_next(const struct plan *plan, size_t *offset, struct field fields[MAX_FIELDS]) {
  const uint8_t *at = plan->bytes + *offset;
  enum opcode opcode = (enum opcode)read_u32(at);
  at += 8;
  int i = 0;
  for (const char *code = FIELD_CODES[opcode]; *code; code++) at = decode_field(at, *code, &fields[i++]);
  *offset = (size_t)(at - plan->bytes);
  return opcode;
}

size_t plan_stage_offset(const struct plan *plan, uint32_t stage) {
  size_t offset = PLAN_HEADER;
  for (uint32_t s = 0; s < stage; s++) {
    for (uint32_t i = 0; i < plan->counts[s]; i++) offset += 8 + read_u32(plan->bytes + offset + 4);
  }
  return offset;
}

const char *list_next(const uint8_t **item) {
  const char *text = (const char *)*item + 4;
  *item = skip_string(*item);
  return text;
}

char **list_vector(const struct field *list) {
  char **vector = calloc((size_t)list->count + 2, sizeof *vector);
  const uint8_t *item = list->data;
  for (uint32_t i = 0; vector && i < list->count; i++) vector[i] = (char *)(uintptr_t)list_next(&item);
  return vector;
}

uint32_t list_number(const struct field *list, uint32_t i) { return read_u32(list->data + 4 * (size_t)i); }

uint64_t list_long_number(const struct field *list, uint32_t i) { return read_u64(list->data + 8 * (size_t)i); }
