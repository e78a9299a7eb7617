#include "report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../session/frame.h"
#include "processes.h"

/* Room for the line that says how many processes are left out. */
enum { LEFT_OUT_ROOM = 16 };

/* The number after `key` in a file of lines, or the file's only number; 0 if this kernel does not report it. */
static uint64_t number_in(const char *folder, const char *name, const char *key) {
  char path[256], line[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "re");
  uint64_t value = 0;
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, key, strlen(key))) continue;
    value = strtoull(line + strlen(key), NULL, 10);
    break;
  }
  if (file) fclose(file);
  return value;
}

uint32_t report_figures(const struct guest *guest, uint8_t *bytes) {
  const uint64_t figures[] = {
      number_in("/proc", "meminfo", "MemTotal:") * 1024, number_in("/proc", "meminfo", "MemAvailable:") * 1024,
      number_in(guest->cgroup, "memory.current", ""),    number_in(guest->cgroup, "cpu.stat", "usage_usec "),
      number_in(guest->cgroup, "pids.current", ""),      number_in(guest->cgroup, "memory.events", "oom_kill "),
  };
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
    write_le32(bytes + 8 * i, (uint32_t)figures[i]);
    write_le32(bytes + 8 * i + 4, (uint32_t)(figures[i] >> 32));
  }
  return sizeof figures;
}

/* The process's pid in the container's namespace, or 0 for a process outside. NSpid lists the agent's namespace
 * first, then the container's, then those that the container made. */
static unsigned inner_pid(int pid, unsigned *uid) {
  char folder[32], path[64], line[512];
  unsigned inner = 0;
  snprintf(folder, sizeof folder, "/proc/%d", pid);
  *uid = (unsigned)number_in(folder, "status", "Uid:");
  snprintf(path, sizeof path, "%s/status", folder);
  FILE *file = fopen(path, "re");
  while (file && fgets(line, sizeof line, file)) {
    const char *outer = strncmp(line, "NSpid:", 6) ? NULL : strchr(line, '\t');
    const char *second = outer ? strchr(outer + 1, '\t') : NULL;
    if (second) inner = (unsigned)strtoul(second, NULL, 10);
  }
  if (file) fclose(file);
  return inner;
}

/* A process chooses its name, so the name must not end a field or a line. */
static void clean_name(char *name) {
  for (; *name; name++) {
    if ((unsigned char)*name < 0x20 || *name == 0x7f) *name = '?';
  }
}

static int describe(int pid, char *line, size_t size) {
  char path[64], stat[1024], name[32];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "re");
  size_t n = file ? fread(stat, 1, sizeof stat - 1, file) : 0;
  if (file) fclose(file);
  stat[n] = 0;
  char *open = strchr(stat, '('), *close = strrchr(stat, ')');
  int parent = 0;
  unsigned long user = 0, kernel = 0;
  if (!open || !close || close < open) return 0;
  snprintf(name, sizeof name, "%.*s", (int)(close - open - 1), open + 1);
  clean_name(name);
  if (sscanf(close + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &parent, &user, &kernel) != 3) return 0;
  unsigned uid, ignored, inner = inner_pid(pid, &uid), outer = parent > 0 ? inner_pid(parent, &ignored) : 0;
  return snprintf(line, size, "%u\t%u\t%u\t%lu\t%s\n", inner, inner == 1 ? 0 : outer, uid, user + kernel, name);
}

struct listing {
  uint8_t *bytes;
  uint32_t used, room, left_out;
};

static void list_process(pid_t pid, void *context) {
  struct listing *list = context;
  char line[256];
  int size = list->left_out ? 0 : describe(pid, line, sizeof line);
  bool full = list->left_out || list->used + (uint32_t)size + LEFT_OUT_ROOM > list->room;
  if (full) list->left_out++;
  if (full || size <= 0 || size >= (int)sizeof line) return;
  memcpy(list->bytes + list->used, line, (size_t)size);
  list->used += (uint32_t)size;
}

uint32_t report_processes(const struct guest *guest, uint8_t *bytes, uint32_t room) {
  struct listing list = {.bytes = bytes, .room = room};
  each_process(guest->cgroup, list_process, &list);
  if (list.left_out) list.used += (uint32_t)sprintf((char *)bytes + list.used, "+%u\n", list.left_out);
  return list.used;
}
