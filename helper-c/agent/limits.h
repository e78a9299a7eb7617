/* Limits of the container's processes within the guest, set in their cgroup there. */
#ifndef KAGO_LIMITS_H
#define KAGO_LIMITS_H

#include <stdint.h>

/* 0 leaves a limit unchanged; a negative value removes it. */
struct limits {
  int64_t memory; /* bytes */
  int64_t quota, period; /* microseconds */
};

/* Writes the limits to the cgroup: 0 or -errno. If this kernel cannot limit CPU time, only the host limits it. */
int limits_set(const char *cgroup, const struct limits *limits);

/* Compacts memory, because free memory is returned to the host in blocks of the size of a large page. */
void limits_give_back(void);

#endif
