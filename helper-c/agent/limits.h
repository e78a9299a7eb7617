/* What the container's processes may use of the guest, by their cgroup in there. */
#ifndef KAGO_LIMITS_H
#define KAGO_LIMITS_H

#include <stdint.h>

/* 0 leaves a limit as it is, below 0 there is none. */
struct limits {
  int64_t memory; /* bytes */
  int64_t quota, period; /* microseconds */
};

/* Writes them to the cgroup: 0 or -errno. CPU time that this kernel cannot limit is the host's to limit. */
int limits_set(const char *cgroup, const struct limits *limits);

/* Free memory goes back to the host in blocks of the size of a large page: brings together what is free. */
void limits_give_back(void);

#endif
