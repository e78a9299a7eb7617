/* Scheduling, I/O priority, execution domain and memory policy. */
#include <stdlib.h>
#include <sys/personality.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"

int op_io_priority(struct context *c, const struct field *f) {
  (void)c;
  enum { IOPRIO_WHO_PROCESS = 1 };
  return (int)raw_syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, (long)f[F_io_priority_value].number, 0, 0, 0);
}

int op_scheduler(struct context *c, const struct field *f) {
  (void)c;
  /* sched_setattr(2), version 0 of the structure */
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attr = {sizeof attr,
            (uint32_t)f[F_scheduler_policy].number,
            f[F_scheduler_flags].number,
            (int32_t)f[F_scheduler_nice].number,
            (uint32_t)f[F_scheduler_priority].number,
            f[F_scheduler_runtime].number,
            f[F_scheduler_deadline].number,
            f[F_scheduler_period].number};
  return (int)raw_syscall(SYS_sched_setattr, 0, (long)&attr, 0, 0, 0, 0);
}

int op_cpu_affinity(struct context *c, const struct field *f) {
  (void)c;
  /* Bit n is processor n; the plan already has the words in this machine's byte order. */
  return (int)raw_syscall(SYS_sched_setaffinity, 0, (long)(f[F_cpu_affinity_cpus].count * sizeof(uint32_t)),
                          (long)f[F_cpu_affinity_cpus].data, 0, 0, 0);
}

int op_personality(struct context *c, const struct field *f) {
  (void)c;
  int result = as_result(personality((unsigned long)f[F_personality_persona].number));
  return result < 0 ? result : 0;
}

int op_memory_policy(struct context *c, const struct field *f) {
  (void)c;
  /* The kernel reads the mask in words of a long, and one bit less than specified (set_mempolicy(2), "Bugs"). */
  size_t words = (f[F_memory_policy_nodes].count + 1) / 2;
  unsigned long *mask = calloc(words + 1, sizeof *mask);
  if (!mask) return -ENOMEM;
  for (uint32_t i = 0; i < f[F_memory_policy_nodes].count; i++)
    mask[i / 2] |= (unsigned long)list_number(&f[F_memory_policy_nodes], i) << 32 * (i % 2);
  long bits = words ? (long)words * 64 + 1 : 0;
  long result =
      raw_syscall(SYS_set_mempolicy, (long)f[F_memory_policy_mode].number, words ? (long)mask : 0, bits, 0, 0, 0);
  free(mask);
  return (int)result;
}
