/* Plans on their way in: the memory file that the stages map, and the check that TypeScript asks for. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "../check.h"
#include "../plan_walk.h"

#include "../../shim/shim.h"

static struct plan_writer w;

static void write_all_operations(void) {
  begin_plan(&w);
  put_all_operations(&w);
  end_plan(&w);
}

static int load(const uint8_t *bytes, uint32_t size, struct plan *plan) {
  int fd = kago_memory_file("plan", bytes, size);
  CHECK(fd >= 0);
  int result = plan_load(fd, plan);
  close(fd);
  return result;
}

TEST(plan_load_maps_a_sealed_plan_that_outlives_its_descriptor) {
  struct plan plan;
  write_all_operations();
  EQUAL(load(w.bytes, (uint32_t)w.size, &plan), 0);
  walk_plan(&plan);
}

TEST(plan_load_refuses_malformed_plans) {
  struct plan plan;
  write_all_operations();
  EQUAL(load(w.bytes, 0, &plan), -EINVAL);
  EQUAL(load(w.bytes, 1, &plan), -EINVAL);
  EQUAL(load(w.bytes, (uint32_t)w.size - 1, &plan), -EINVAL);
  w.bytes[0] ^= 1;
  EQUAL(load(w.bytes, (uint32_t)w.size, &plan), -EINVAL);
}

TEST(plan_load_refuses_what_is_no_file) {
  struct plan plan;
  EQUAL(plan_load(-1, &plan), -EBADF);
  int folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(plan_load(folder, &plan) < 0);
}

/* A plan that can change after its check is not checked. */
TEST(plan_load_refuses_a_plan_that_is_not_sealed) {
  struct plan plan;
  write_all_operations();
  int fd = open("plan", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  EQUAL(write(fd, w.bytes, w.size), w.size);
  CHECK(plan_load(fd, &plan) < 0);
}

TEST(kago_check_plan_accepts_a_plan) {
  uint32_t offset = 77;
  char problem[128] = "untouched";
  write_all_operations();
  EQUAL(kago_check_plan(w.bytes, (uint32_t)w.size, &offset, problem), 0);
  EQUAL(offset, 77);
  EQUAL_TEXT(problem, "untouched");
}

static void expect_problem(size_t size, uint32_t offset, const char *problem) {
  uint32_t at = UINT32_MAX;
  char text[128];
  EQUAL(kago_check_plan(guarded_copy(w.bytes, size), (uint32_t)size, &at, text), -EINVAL);
  EQUAL_TEXT(text, problem);
  EQUAL(at, offset);
}

TEST(kago_check_plan_says_what_is_wrong_with_a_plan_as_a_whole) {
  write_all_operations();
  expect_problem(0, 0, "operation 0: plan is too short or too long");
  expect_problem(PLAN_HEADER - 1, 0, "operation 0: plan is too short or too long");
  expect_problem(w.size - 1, 4, "operation 0: plan is truncated");
  w.bytes[0] ^= 1;
  expect_problem(w.size, 0, "operation 0: not a plan");
}

TEST(kago_check_plan_says_what_is_wrong_with_an_operation) {
  begin_plan(&w);
  begin_operation(&w, OP_setsid);
  begin_operation(&w, OP_session_keyring);
  put_str(&w, "name");
  end_plan(&w);
  w.bytes[w.size - 1] = 'x';
  expect_problem(w.size, PLAN_HEADER + 8, "operation 1: string is not terminated where its length says");
  set_u32(&w, PLAN_HEADER + 16, 0xffffffff);
  expect_problem(w.size, PLAN_HEADER + 8, "operation 1: string runs past its operation");
  set_u32(&w, PLAN_HEADER + 12, 0xffffffff);
  expect_problem(w.size, PLAN_HEADER + 8, "operation 1: operation runs past the plan");
  set_u32(&w, PLAN_HEADER + 8, 0);
  expect_problem(w.size, PLAN_HEADER + 8, "operation 1: unknown opcode");
}

TEST(kago_check_plan_names_the_offset_behind_the_last_operation) {
  write_all_operations();
  size_t end = w.size;
  put_bytes(&w, "\0\0", 2);
  set_u32(&w, 4, (uint32_t)w.size);
  char problem[64];
  snprintf(problem, sizeof problem, "operation %d: plan has bytes to spare", OP_COUNT - 1);
  expect_problem(w.size, (uint32_t)end, problem);
}
