/* What the guest says of itself: figures, and a list of its processes. */
#ifndef KAGO_REPORT_H
#define KAGO_REPORT_H

#include "serve.h"

/* u64 each, little-endian: the guest's memory and what of it is available, in bytes; memory of the container's cgroup in
 * bytes; its cpu time in microseconds; its processes. Returns the bytes written. */
uint32_t report_figures(const struct guest *guest, uint8_t *bytes);

/* A line for each process of the container: pid, ppid, uid, ticks of cpu time, name, separated by tabs; as many as `room`
 * takes. Returns the bytes written. */
uint32_t report_processes(const struct guest *guest, uint8_t *bytes, uint32_t room);

#endif
