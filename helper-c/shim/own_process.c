/* Limits that the kernel sets for this process. */
#include <sys/resource.h>

#include "../common/kernel.h"
#include "shim.h"

/* More than any kernel supports (CONFIG_NR_CPUS). */
enum { MOST_PROCESSORS = 1 << 16 };

int kago_processors(void) {
  static uint64_t mask[MOST_PROCESSORS / 64];
  long bytes = raw_syscall(SYS_sched_getaffinity, 0, sizeof mask, (long)mask, 0, 0, 0);
  int count = 0;
  for (long i = 0; i < bytes / 8; i++) count += __builtin_popcountll(mask[i]);
  return bytes < 0 ? (int)bytes : count;
}

int kago_limits(uint64_t *limits) {
  for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
    long result = raw_syscall(SYS_prlimit64, 0, resource, 0, (long)&limits[2 * resource], 0, 0);
    if (result < 0) return (int)result;
  }
  return RLIM_NLIMITS;
}
