/* What the guest says of itself: figures, and a list of its processes. */
#ifndef KAGO_REPORT_H
#define KAGO_REPORT_H

#include "serve.h"

/* u64 each, little-endian: the guest's memory and what of it is available, in bytes; memory of the container's cgroup in
 * bytes; its cpu time in microseconds; its processes; how many of them the guest's kernel has killed for want of memory.
 * Returns the bytes written. */
uint32_t report_figures(const struct guest *guest, uint8_t *bytes);

/* A line for each process of the container: pid and ppid in its namespace (0 for what is outside), uid, ticks of cpu time
 * (a hundredth of a second), name, separated by tabs; control characters of a name are question marks. When `room`, which
 * is more than 16 bytes, does not take them all, the last line is `+` and how many are missing. Returns the bytes
 * written. */
uint32_t report_processes(const struct guest *guest, uint8_t *bytes, uint32_t room);

#endif
