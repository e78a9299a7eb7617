/* What the guest reports about itself: figures, and a list of its processes. */
#ifndef KAGO_REPORT_H
#define KAGO_REPORT_H

#include "serve.h"

/* Writes u64 figures, little-endian: the guest's memory and available memory, in bytes; memory of the container's
 * cgroup, in bytes; its CPU time in microseconds; the number of its processes; how many of them the guest's kernel
 * has killed for lack of memory. Returns the bytes written. */
uint32_t report_figures(const struct guest *guest, uint8_t *bytes);

/* Writes a line for each process of the container: pid and ppid in its namespace (0 if outside), uid, ticks of CPU
 * time (hundredths of a second), name, separated by tabs. Control characters in a name become question marks. If
 * they do not all fit into `room`, which is more than 16 bytes, the last line is `+` and the number left out.
 * Returns the bytes written. */
uint32_t report_processes(const struct guest *guest, uint8_t *bytes, uint32_t room);

#endif
