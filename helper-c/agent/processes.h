/* The container's processes: those of its cgroup, and of the cgroups that it has made below. */
#ifndef KAGO_PROCESSES_H
#define KAGO_PROCESSES_H

#include <sys/types.h>

/* Calls `visit` for each process of the cgroup at `folder` and of all below: 0, or -errno for a cgroup that cannot be read. A
 * cgroup that is removed meanwhile has no processes. */
int each_process(const char *folder, void (*visit)(pid_t pid, void *context), void *context);

#endif
