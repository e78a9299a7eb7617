#include "processes.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int visit_own(const char *folder, void (*visit)(pid_t pid, void *context), void *context) {
  char path[PATH_MAX], line[32];
  if (snprintf(path, sizeof path, "%s/cgroup.procs", folder) >= (int)sizeof path) return -ENAMETOOLONG;
  FILE *list = fopen(path, "re");
  if (!list) return -errno;
  while (fgets(line, sizeof line, list)) {
    pid_t pid = (pid_t)strtol(line, NULL, 10);
    if (pid > 0) visit(pid, context);
  }
  fclose(list);
  return 0;
}

/* A threaded cgroup lists no processes (EOPNOTSUPP); the domain above lists them. */
static void visit_below(const char *folder, void (*visit)(pid_t pid, void *context), void *context) {
  char path[PATH_MAX];
  DIR *list = opendir(folder);
  for (struct dirent *entry; list && (entry = readdir(list));) {
    if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path) continue;
    each_process(path, visit, context);
  }
  if (list) closedir(list);
}

int each_process(const char *folder, void (*visit)(pid_t pid, void *context), void *context) {
  int result = visit_own(folder, visit, context);
  visit_below(folder, visit, context);
  return result;
}
