/* The container's processes: those in its cgroup and in all cgroups below. */
#ifndef KAGO_PROCESSES_H
#define KAGO_PROCESSES_H

#include <sys/types.h>

/* Calls `visit` for each process in the cgroup at `folder` and in all below: 0, or -errno if that cgroup cannot be
 * read. A cgroup that is removed meanwhile has no processes. */
int each_process(const char *folder, void (*visit)(pid_t pid, void *context), void *context);

#endif
