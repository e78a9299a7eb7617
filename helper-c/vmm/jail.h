/* What is left to a VMM when its guest runs. */
#ifndef KAGO_VMM_JAIL_H
#define KAGO_VMM_JAIL_H

#include "../common/context.h"

/* A Landlock ruleset by which nothing is reached but the container's root, the agent's two folders, and the devices of the
 * host that this VM needs: its descriptor, -EOPNOTSUPP where the kernel has no Landlock that a VMM can live with, or -errno. */
int jail_ruleset(const struct context *c, uint32_t features);

/* 0 or -errno, for the calling thread. */
int sys_landlock_restrict_self(int ruleset);

/* From here on all threads of this process make the calls of vmm_calls.ts for these features. Takes no_new_privs. 0 or -errno. */
int jail_filter(uint32_t features);

/* A call that the filter refuses ends the process, which says the call's name. */
void jail_name_refused(void);

/* executors/libkrun/vmm_features.ts */
enum {
  FEATURE_TSI = 1,
  FEATURE_TAP = 2,
  FEATURE_DISKS = 4,
  FEATURE_GPU = 8,
  FEATURE_SEV = 16,
  FEATURE_NITRO = 32,
  FEATURE_WATCH = 64
};

#endif
