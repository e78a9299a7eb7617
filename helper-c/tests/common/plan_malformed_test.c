/* Encoded plans that are malformed: refused, without a look past their end. */
#include <errno.h>
#include <stdint.h>

#include "../check.h"
#include "../plan_walk.h"

static struct plan_writer w;

static void write_all_operations(void) {
  begin_plan(&w);
  put_all_operations(&w);
  end_plan(&w);
}

/* Where the first field of the first operation begins. */
enum { STRING_AT = PLAN_HEADER + 8 };

static void write_string_plan(const char *text) {
  begin_plan(&w);
  begin_operation(&w, OP_session_keyring);
  put_str(&w, text);
  end_plan(&w);
}

static int check_written(void) { return check_and_walk(w.bytes, w.size); }

TEST(plan_check_refuses_a_plan_cut_at_any_byte) {
  write_all_operations();
  for (size_t size = 0; size < w.size; size++) EQUAL(check_and_walk(w.bytes, size), -EINVAL);
}

TEST(plan_check_refuses_a_plan_cut_at_any_byte_that_claims_to_be_whole) {
  write_all_operations();
  for (size_t size = w.size - 1; size >= 8; size--) {
    set_u32(&w, 4, (uint32_t)size);
    EQUAL(check_and_walk(w.bytes, size), -EINVAL);
  }
}

TEST(plan_check_survives_every_changed_byte) {
  write_all_operations();
  int accepted = 0;
  for (size_t at = 0; at < w.size; at++) {
    uint8_t before = w.bytes[at];
    for (int bit = 0; bit < 8; bit++) {
      w.bytes[at] = before ^ (uint8_t)(1 << bit);
      accepted += check_written() == 0;
    }
    for (int value = 0; value < 256; value += 85) {
      w.bytes[at] = (uint8_t)value;
      accepted += check_written() == 0;
    }
    w.bytes[at] = before;
  }
  CHECK(accepted > 0); /* a changed number is a plan as good as any */
}

TEST(plan_check_survives_wild_numbers_at_every_byte) {
  static const uint32_t wild[] = {0xffffffff, 0x80000000, 0x7fffffff, 0xfffffffb, 0x40000000, 0x00ffffff};
  write_all_operations();
  for (size_t at = 0; at + 4 <= w.size; at++) {
    uint32_t before;
    memcpy(&before, w.bytes + at, 4);
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
      set_u32(&w, at, wild[i]);
      check_written();
    }
    set_u32(&w, at, before);
  }
}

TEST(plan_check_refuses_unknown_opcodes) {
  static const uint32_t unknown[] = {0, OP_COUNT, OP_COUNT + 1, 0x80000000, 0xffffffff};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    begin_plan(&w);
    begin_operation(&w, unknown[i]);
    end_plan(&w);
    EQUAL(check_written(), -EINVAL);
  }
}

TEST(plan_check_refuses_a_string_longer_than_its_operation) {
  static const uint32_t lengths[] = {5, 6, 0x7fffffff, 0xfffffffa, 0xfffffffb, 0xffffffff};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    write_string_plan("four");
    set_u32(&w, STRING_AT, lengths[i]);
    EQUAL(check_written(), -EINVAL);
  }
}

TEST(plan_check_refuses_a_string_without_its_NUL) {
  write_string_plan("four");
  w.bytes[w.size - 1] = 'x';
  EQUAL(check_written(), -EINVAL);
}

TEST(plan_check_refuses_a_string_with_a_NUL_inside) {
  write_string_plan("four");
  w.bytes[STRING_AT + 4 + 1] = 0;
  EQUAL(check_written(), -EINVAL);
}

TEST(plan_check_refuses_a_string_shorter_than_its_operation) {
  write_string_plan("four");
  set_u32(&w, STRING_AT, 3);
  w.bytes[STRING_AT + 4 + 3] = 0;
  EQUAL(check_written(), -EINVAL);
}

TEST(plan_check_refuses_wild_list_counts) {
  static const uint32_t numbers[] = {1, 2, 3};
  static const uint32_t counts[] = {2, 4, 0x40000000, 0x40000003, 0x80000003, 0xffffffff};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    begin_plan(&w);
    begin_operation(&w, OP_setgroups);
    put_u32s(&w, numbers, 3);
    end_plan(&w);
    set_u32(&w, STRING_AT, counts[i]);
    EQUAL(check_written(), -EINVAL);
  }
}

TEST(plan_check_refuses_a_list_of_long_numbers_that_ends_too_soon) {
  static const uint64_t numbers[] = {1, 2};
  begin_plan(&w);
  put_operation_ss(&w, OP_krun_call, "f", "");
  put_u32(&w, 0);
  put_u32(&w, 0);
  put_u32s(&w, NULL, 0);
  size_t at = w.size;
  put_u64s(&w, numbers, 2);
  put_strs(&w, (const char *const[]){NULL});
  end_plan(&w);
  EQUAL(check_written(), 0);
  set_u32(&w, at, 3);
  EQUAL(check_written(), -EINVAL);
}

TEST(plan_check_refuses_bytes_longer_than_their_operation) {
  static const uint32_t lengths[] = {8, 0x7fffffff, 0xfffffffc, 0xffffffff}; /* 7 would leave no room for the number */
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    begin_plan(&w);
    begin_operation(&w, OP_seccomp);
    put_blob(&w, "abc", 3);
    put_u32(&w, 0);
    end_plan(&w);
    set_u32(&w, STRING_AT, lengths[i]);
    EQUAL(check_written(), -EINVAL);
  }
}

TEST(plan_check_refuses_an_operation_of_another_size) {
  static const uint32_t sizes[] = {0, 3, 8, 10, 0x7fffffff, 0xfffffff8, 0xffffffff};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    write_string_plan("four");
    set_u32(&w, PLAN_HEADER + 4, sizes[i]);
    EQUAL(check_written(), -EINVAL);
  }
}

TEST(plan_check_refuses_wrong_stage_counts) {
  for (size_t stage = 0; stage < PLAN_STAGES; stage++) {
    static const uint32_t wrong[] = {1, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
      write_all_operations();
      set_u32(&w, 8 + 4 * stage, w.counts[stage] + wrong[i]); /* the last wraps: one too few */
      EQUAL(check_written(), -EINVAL);
    }
  }
}

TEST(plan_check_refuses_bytes_behind_the_last_operation) {
  write_all_operations();
  for (uint32_t more = 1; more < 9; more++) {
    put_bytes(&w, "", 1);
    set_u32(&w, 4, (uint32_t)w.size);
    EQUAL(check_written(), -EINVAL);
  }
}

TEST(plan_check_refuses_another_size_than_the_header_says) {
  write_all_operations();
  set_u32(&w, 4, (uint32_t)w.size + 1);
  EQUAL(check_written(), -EINVAL);
  set_u32(&w, 4, (uint32_t)w.size - 1);
  EQUAL(check_written(), -EINVAL);
  set_u32(&w, 4, 0);
  EQUAL(check_written(), -EINVAL);
}

TEST(plan_check_refuses_what_is_longer_than_any_plan) {
  struct plan plan;
  struct plan_fault fault;
  write_all_operations();
  EQUAL(plan_check(w.bytes, (size_t)PLAN_MAX_SIZE + 1, &plan, &fault), -EINVAL);
}

TEST(plan_check_names_the_operation_at_fault) {
  begin_plan(&w);
  begin_operation(&w, OP_setsid);
  begin_stage(&w, 1);
  begin_operation(&w, OP_setsid);
  size_t at = w.size;
  begin_operation(&w, OP_COUNT);
  end_plan(&w);
  struct plan plan;
  struct plan_fault fault;
  EQUAL(plan_check(w.bytes, w.size, &plan, &fault), -EINVAL);
  EQUAL(fault.operation, 2);
  EQUAL(fault.offset, at);
  EQUAL_TEXT(fault.problem, "unknown opcode");
}
