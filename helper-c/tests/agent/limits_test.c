/* What the agent writes to the cgroup of the container's processes, which is a folder here. */
#include "../../agent/limits.h"

#include <errno.h>
#include <fcntl.h>

#include "../check.h"

static void put(const char *name, const char *text) {
  FILE *file = fopen(name, "we");
  CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static const char *get(const char *name) {
  static char text[100];
  FILE *file = fopen(name, "re");
  size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
  text[size] = 0;
  if (file) fclose(file);
  return text;
}

static int set(int64_t memory, int64_t quota, int64_t period) {
  struct limits limits = {memory, quota, period};
  return limits_set(".", &limits);
}

static void make_files(void) {
  put("memory.max", "max\n");
  put("cpu.max", "max 100000\n");
}

TEST(what_is_not_given_stays) {
  make_files();
  EQUAL(set(0, 0, 0), 0);
  EQUAL_TEXT(get("memory.max"), "max\n");
  EQUAL_TEXT(get("cpu.max"), "max 100000\n");
}

TEST(memory_is_limited_in_bytes_or_not_at_all) {
  make_files();
  EQUAL(set(123456789, 0, 0), 0);
  EQUAL_TEXT(get("memory.max"), "123456789");
  EQUAL(set(-1, 0, 0), 0);
  EQUAL_TEXT(get("memory.max"), "max");
  EQUAL_TEXT(get("cpu.max"), "max 100000\n");
}

TEST(quota_and_period_are_written_together_and_each_for_itself) {
  make_files();
  EQUAL(set(0, 50000, 100000), 0);
  EQUAL_TEXT(get("cpu.max"), "50000 100000");
  EQUAL(set(0, 0, 20000), 0);
  EQUAL_TEXT(get("cpu.max"), "50000 20000");
  EQUAL(set(0, 7000, 0), 0);
  EQUAL_TEXT(get("cpu.max"), "7000");
  EQUAL(set(0, -1, 0), 0);
  EQUAL_TEXT(get("cpu.max"), "max");
}

TEST(a_kernel_without_limits_of_cpu_time_leaves_them_to_the_host) {
  EQUAL(set(0, 50000, 100000), 0);
  CHECK(access("cpu.max", F_OK) < 0);
}

TEST(a_kernel_that_cannot_limit_memory_is_an_error) { EQUAL(set(123456789, 0, 0), -ENOENT); }
