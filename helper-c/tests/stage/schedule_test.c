/* Operations on how the kernel treats the process, each read back from the kernel. */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "../../common/context.h"

static struct context c;

static int call(operation *op, const uint64_t *numbers, int count) {
  struct field fields[MAX_FIELDS] = {0};
  for (int i = 0; i < count; i++) fields[i].number = numbers[i];
  return op(&c, fields);
}

#define CALL(op, ...) \
  call(op, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

TEST(the_scheduler_takes_policy_and_nice_value) {
  EQUAL(CALL(op_scheduler, SCHED_BATCH, 0, 7, 0, 0, 0, 0), 0);
  EQUAL(sched_getscheduler(0), SCHED_BATCH);
  EQUAL(getpriority(PRIO_PROCESS, 0), 7);
  EQUAL(CALL(op_scheduler, 99, 0, 0, 0, 0, 0, 0), -EINVAL);
}

TEST(the_scheduler_can_be_reset_for_children) {
  enum { RESET_ON_FORK = 1 };
  EQUAL(CALL(op_scheduler, SCHED_BATCH, RESET_ON_FORK, 3, 0, 0, 0, 0), 0);
  EQUAL(sched_getscheduler(0), SCHED_BATCH | SCHED_RESET_ON_FORK);
}

TEST(the_io_priority_is_the_process_own) {
  enum { WHO_PROCESS = 1, BEST_EFFORT_5 = 2 << 13 | 5 };
  EQUAL(CALL(op_io_priority, BEST_EFFORT_5), 0);
  EQUAL(syscall(SYS_ioprio_get, WHO_PROCESS, 0), BEST_EFFORT_5);
  EQUAL(CALL(op_io_priority, 7 << 13), -EINVAL);
}

TEST(the_affinity_is_a_mask_of_processors) {
  cpu_set_t before, after;
  uint32_t words[2] = {0};
  CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
  int last = -1;
  for (int cpu = 0; cpu < 64; cpu++) {
    if (CPU_ISSET(cpu, &before)) last = cpu;
  }
  CHECK(last >= 0);
  words[last / 32] = 1u << last % 32;
  const struct field mask = {.count = 2, .data = (const uint8_t *)words};
  EQUAL(op_cpu_affinity(&c, &mask), 0);
  CHECK(sched_getaffinity(0, sizeof after, &after) == 0);
  EQUAL(CPU_COUNT(&after), 1);
  CHECK(CPU_ISSET(last, &after));
  const uint32_t none[2] = {0};
  EQUAL(op_cpu_affinity(&c, &(struct field){.count = 2, .data = (const uint8_t *)none}), -EINVAL);
}

TEST(the_personality_is_taken_whole) {
  EQUAL(CALL(op_personality, ADDR_NO_RANDOMIZE), 0);
  EQUAL(personality(0xffffffff), ADDR_NO_RANDOMIZE);
}

static int memory_policy(int mode, const uint32_t *nodes, uint32_t count) {
  const struct field fields[2] = {{.number = (uint64_t)mode}, {.count = count, .data = (const uint8_t *)nodes}};
  return op_memory_policy(&c, fields);
}

TEST(the_memory_policy_names_its_nodes) {
  const uint32_t first[1] = {1}, none[1] = {0};
  int mode = -1;
  unsigned long mask[16] = {0};
  int result = memory_policy(MPOL_BIND, first, 1);
  SKIP_UNLESS(result != -ENOSYS, "the kernel has no memory policies");
  EQUAL(result, 0);
  CHECK(syscall(SYS_get_mempolicy, &mode, mask, sizeof mask * 8, NULL, 0) == 0);
  EQUAL(mode, MPOL_BIND);
  EQUAL(mask[0], 1);
  EQUAL(memory_policy(MPOL_BIND, none, 1), -EINVAL);
  EQUAL(memory_policy(MPOL_DEFAULT, NULL, 0), 0);
  CHECK(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0);
  EQUAL(mode, MPOL_DEFAULT);
}
