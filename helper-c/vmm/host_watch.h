/* The thread of host_watch.c in its parts, for tests. */
#ifndef KAGO_HOST_WATCH_H
#define KAGO_HOST_WATCH_H

#include "watch_tree.h"

enum { CHANGES_MAX = 1024 };

/* A change that is to be told, as watch_read() has it. */
void changes_add(uint32_t root, const char *path, bool whole);

/* How many wait. */
uint32_t changes_count(void);

/* Waits for at most `timeout_ms`, -1 for as long as it takes, for what changes, and tells the agent whose socket is in the folder
 * what is due. */
void changes_step(int folder, int timeout_ms);

#endif
