/* What a VMM may do while its guest runs. */
#ifndef KAGO_VMM_JAIL_H
#define KAGO_VMM_JAIL_H

#include "../../common/context.h"

/* A Landlock ruleset that allows only the container's root, the agent's two directories, and the host devices that
 * this VM needs: its descriptor, -EOPNOTSUPP if the kernel has no Landlock or one too old for a VMM, or -errno. */
int jail_ruleset(const struct context *c, uint32_t features);

/* For the calling thread: 0 or -errno. */
int sys_landlock_restrict_self(int ruleset);

/* From now on all threads of this process may only make the calls of vmm_calls.ts for these features. Requires
 * no_new_privs. 0 or -errno. */
int jail_filter(uint32_t features);

/* Installs the handler that reports the name of a refused call and ends the process. */
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
