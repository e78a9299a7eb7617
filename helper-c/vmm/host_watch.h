/* The parts of host_watch.c's thread, for tests. */
#ifndef KAGO_HOST_WATCH_H
#define KAGO_HOST_WATCH_H

#include "watch_tree.h"

enum { CHANGES_MAX = 1024 };

/* Adds a change that is to be reported, like watch_read(). */
void changes_add(uint32_t root, const char *path, bool whole);

/* How many are pending. */
uint32_t changes_count(void);

/* Waits at most `timeout_ms` (-1: no limit) for changes, and reports those that are due to the agent whose socket is
 * in the directory. */
void changes_step(int folder, int timeout_ms);

#endif
