/* Checks of a stage before it begins, because anybody can execute its program. */
#ifndef KAGO_STARTED_BY_KAGO_H
#define KAGO_STARTED_BY_KAGO_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

/* Is plan_fd a file and sync_fd a socket? */
static inline bool has_channels(int plan_fd, int sync_fd) {
  struct stat plan, sync;
  return fstat(plan_fd, &plan) == 0 && S_ISREG(plan.st_mode) && fstat(sync_fd, &sync) == 0 && S_ISSOCK(sync.st_mode);
}

/* Prints why a stage does not begin: its exit code. */
static inline int refuse_to_begin(void) {
  fprintf(stderr, "kago: stages are started by kago itself, which gives them a plan and a socket\n");
  return 1;
}

#endif
