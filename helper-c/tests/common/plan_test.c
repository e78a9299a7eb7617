/* Encoded plans that are well-formed: every type of field decodes to what was written. */
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

static int check_written(void) { return check_and_walk(w.bytes, w.size); }

/* Where the first operation is. */
static size_t begin_reading(struct plan *plan) {
  struct plan_fault fault;
  EQUAL(plan_check(w.bytes, w.size, plan, &fault), 0);
  return PLAN_HEADER;
}

TEST(plan_check_accepts_every_operation) {
  write_all_operations();
  EQUAL(check_written(), 0);
  uint32_t operations = 0;
  for (int i = 0; i < PLAN_STAGES; i++) {
    CHECK(w.counts[i] > 0);
    operations += w.counts[i];
  }
  EQUAL(operations, OP_COUNT - 1);
}

TEST(plan_check_accepts_a_plan_of_no_operations) {
  begin_plan(&w);
  end_plan(&w);
  EQUAL(w.size, PLAN_HEADER);
  EQUAL(check_written(), 0);
}

TEST(plan_next_decodes_numbers_and_strings) {
  begin_plan(&w);
  begin_operation(&w, OP_rlimit);
  put_u32(&w, 0xfedcba98);
  put_u64(&w, 0xfedcba9876543210);
  put_u64(&w, 0);
  put_operation_ss(&w, OP_write_file, "", "value");
  end_plan(&w);
  struct plan plan;
  struct field f[MAX_FIELDS];
  size_t offset = begin_reading(&plan);
  EQUAL(plan_next(&plan, &offset, f), OP_rlimit);
  EQUAL(f[0].number, 0xfedcba98);
  CHECK(f[1].number == 0xfedcba9876543210 && f[2].number == 0);
  EQUAL(plan_next(&plan, &offset, f), OP_write_file);
  EQUAL_TEXT(f[0].text, "");
  EQUAL_TEXT(f[1].text, "value");
}

TEST(plan_next_decodes_lists_in_order) {
  static const char *const args[] = {"sh", "", "-c", NULL}, *const none[] = {NULL};
  static const uint32_t gids[] = {7, 0xffffffff};
  begin_plan(&w);
  begin_operation(&w, OP_exec);
  put_strs(&w, args);
  put_strs(&w, none);
  begin_operation(&w, OP_setgroups);
  put_u32s(&w, gids, 2);
  end_plan(&w);
  struct plan plan;
  struct field f[MAX_FIELDS];
  size_t offset = begin_reading(&plan);
  EQUAL(plan_next(&plan, &offset, f), OP_exec);
  EQUAL(f[0].count, 3);
  const uint8_t *item = f[0].data;
  for (int i = 0; i < 3; i++) EQUAL_TEXT(list_next(&item), args[i]);
  EQUAL(f[1].count, 0);
  EQUAL(plan_next(&plan, &offset, f), OP_setgroups);
  EQUAL(f[0].count, 2);
  EQUAL(list_number(&f[0], 0), 7);
  EQUAL(list_number(&f[0], 1), 0xffffffff);
}

TEST(plan_next_decodes_lists_of_long_numbers) {
  static const uint32_t kinds[] = {KRUN_NUMBER, KRUN_NUMBER};
  static const uint64_t numbers[] = {1, 0xfedcba9876543210};
  begin_plan(&w);
  put_operation_ss(&w, OP_krun_call, "function", "");
  put_u32(&w, 0);
  put_u32(&w, 0);
  put_u32s(&w, kinds, 2);
  put_u64s(&w, numbers, 2);
  put_strs(&w, (const char *const[]){"after", NULL});
  end_plan(&w);
  struct plan plan;
  struct field f[MAX_FIELDS];
  size_t offset = begin_reading(&plan);
  EQUAL(plan_next(&plan, &offset, f), OP_krun_call);
  EQUAL(f[F_krun_call_numbers].count, 2);
  CHECK(list_long_number(&f[F_krun_call_numbers], 1) == numbers[1]);
  const uint8_t *item = f[F_krun_call_texts].data;
  EQUAL_TEXT(list_next(&item), "after");
}

TEST(plan_next_decodes_bytes_with_NULs) {
  begin_plan(&w);
  begin_operation(&w, OP_seccomp);
  put_blob(&w, "\0a\0", 3);
  put_u32(&w, 9);
  end_plan(&w);
  struct plan plan;
  struct field f[MAX_FIELDS];
  size_t offset = begin_reading(&plan);
  EQUAL(plan_next(&plan, &offset, f), OP_seccomp);
  EQUAL(f[0].count, 3);
  CHECK(memcmp(f[0].data, "\0a\0", 3) == 0);
  EQUAL(f[1].number, 9);
}

TEST(plan_check_accepts_a_plan_at_any_alignment) {
  static uint8_t buffer[sizeof w.bytes + 8];
  write_all_operations();
  for (int shift = 1; shift < 8; shift++) {
    struct plan plan;
    struct plan_fault fault;
    memcpy(buffer + shift, w.bytes, w.size);
    EQUAL(plan_check(buffer + shift, w.size, &plan, &fault), 0);
    walk_plan(&plan);
  }
}
