/* Plans changed at random, always the same ones: the generator has a fixed seed. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "../check.h"
#include "../plan_walk.h"

enum { INPUTS = 300000, MAX_SIZE = 4096 };

static uint64_t state = 0x9e3779b97f4a7c15;

/* xorshift64* */
static uint32_t random_below(uint32_t bound) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * 0x2545f4914f6cdd1d) >> 32) % bound;
}

static void put_random_string(struct plan_writer *w) {
  char text[40];
  uint32_t length = random_below(sizeof text);
  for (uint32_t i = 0; i < length; i++) text[i] = (char)(1 + random_below(255));
  text[length] = 0;
  put_str(w, text);
}

static void put_random_field(struct plan_writer *w, char code) {
  bool is_list = code == 'S' || code == 'V' || code == 'W';
  uint32_t count = is_list ? random_below(4) : 1;
  if (is_list) put_u32(w, count);
  for (uint32_t i = 0; i < count; i++) {
    if (code == 's' || code == 'S') put_random_string(w);
    else if (code == 'b') put_blob(w, &state, random_below(9));
    else if (code == 'U' || code == 'W') put_u64(w, state);
    else put_u32(w, random_below(1000));
  }
}

static void write_random_plan(struct plan_writer *w) {
  begin_plan(w);
  for (uint32_t stage = 0; stage < PLAN_STAGES; stage++) {
    begin_stage(w, stage);
    for (uint32_t n = random_below(5); n > 0; n--) {
      uint32_t opcode = 1 + random_below(OP_COUNT - 1);
      begin_operation(w, opcode);
      for (const char *code = WRITER_FIELDS[opcode]; *code; code++) put_random_field(w, *code);
    }
  }
  end_plan(w);
}

static uint32_t interesting_number(uint32_t size) {
  const uint32_t numbers[] = {0,        1,          2,          4,          5,       8,    OP_COUNT, size,
                              size - 1, 0x7fffffff, 0xffffffff, 0x80000000, 0x10000, 0xff, 0x80,     0xfffffffb};
  return numbers[random_below(sizeof numbers / sizeof *numbers)];
}

/* Cuts a piece out of the plan, or doubles it. */
static size_t move_piece(uint8_t *bytes, size_t size) {
  size_t at = random_below((uint32_t)size), length = 1 + random_below((uint32_t)(size - at));
  if (random_below(2)) {
    memmove(bytes + at, bytes + at + length, size - at - length);
    return size - length;
  }
  if (size + length > MAX_SIZE) return size;
  memmove(bytes + at + length, bytes + at, size - at);
  return size + length;
}

/* One change: the new size. */
static size_t mutate(uint8_t *bytes, size_t size) {
  uint32_t at = random_below((uint32_t)size);
  switch (random_below(5)) {
    case 0: bytes[at] ^= (uint8_t)(1 << random_below(8)); return size;
    case 1: bytes[at] = (uint8_t)random_below(256); return size;
    case 2: {
      uint32_t number = interesting_number((uint32_t)size);
      if (at + 4 <= size) memcpy(bytes + at, &number, 4);
      return size;
    }
    case 3: return move_piece(bytes, size);
    default: /* a number a little off */ bytes[at] = (uint8_t)(bytes[at] + (random_below(2) ? 1 : -1)); return size;
  }
}

TEST(plan_check_survives_300000_changed_plans) {
  static struct plan_writer w;
  static uint8_t bytes[MAX_SIZE];
  int accepted = 0;
  for (int i = 0; i < INPUTS; i++) {
    if (i % 16 == 0) write_random_plan(&w);
    CHECK(w.size <= MAX_SIZE);
    memcpy(bytes, w.bytes, w.size);
    size_t size = w.size;
    for (uint32_t n = random_below(4); n > 0 && size > 0; n--) size = mutate(bytes, size);
    /* Mostly with the right size in the header, or nothing behind it would be reached. */
    uint32_t claimed = (uint32_t)size;
    if (size >= 8 && random_below(16)) memcpy(bytes + 4, &claimed, 4);
    accepted += check_and_walk(bytes, size) == 0;
  }
  dprintf(2, "# %d of %d accepted\n", accepted, INPUTS);
  CHECK(accepted > INPUTS / 10 && accepted < INPUTS / 10 * 9);
}
