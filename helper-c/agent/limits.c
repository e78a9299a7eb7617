#include "limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "agent.h"

static int open_file(const char *cgroup, const char *name, int flags) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", cgroup, name);
  return as_result(open(path, flags | O_CLOEXEC));
}

static int write_file(const char *cgroup, const char *name, const char *text) {
  int fd = open_file(cgroup, name, O_WRONLY | O_TRUNC);
  if (fd < 0) return fd;
  int result = as_result(write(fd, text, strlen(text)));
  close(fd);
  return result < 0 ? result : 0;
}

/* The present quota in cpu.max: "max" or a number. */
static void read_quota(const char *cgroup, char quota[24]) {
  char text[64] = "";
  int fd = open_file(cgroup, "cpu.max", O_RDONLY);
  if (fd >= 0 && read(fd, text, sizeof text - 1) < 0) text[0] = 0;
  if (fd >= 0) close(fd);
  if (sscanf(text, "%23s", quota) != 1) strcpy(quota, "max");
}

static int limit_cpu(const char *cgroup, const struct limits *limits) {
  char quota[24], text[64];
  if (limits->quota == 0 && limits->period <= 0) return 0;
  if (limits->quota == 0) read_quota(cgroup, quota);
  else if (limits->quota < 0) strcpy(quota, "max");
  else snprintf(quota, sizeof quota, "%" PRId64, limits->quota);
  if (limits->period > 0) snprintf(text, sizeof text, "%s %" PRId64, quota, limits->period);
  else snprintf(text, sizeof text, "%s", quota);
  int result = write_file(cgroup, "cpu.max", text);
  return result == -ENOENT ? 0 : result;
}

static int limit_memory(const char *cgroup, int64_t memory) {
  char text[24] = "max";
  if (memory == 0) return 0;
  if (memory > 0) snprintf(text, sizeof text, "%" PRId64, memory);
  return write_file(cgroup, "memory.max", text);
}

void limits_give_back(void) {
  if (write_file("/proc/sys/vm", "compact_memory", "1") < 0) errno = 0;
}

int limits_set(const char *cgroup, const struct limits *limits) {
  int result = limit_memory(cgroup, limits->memory);
  return result < 0 ? result : limit_cpu(cgroup, limits);
}

int op_guest_limits(struct context *c, const struct field *f) {
  (void)c;
  struct limits limits = {(int64_t)f[F_guest_limits_memory].number, (int64_t)f[F_guest_limits_quota].number,
                          (int64_t)f[F_guest_limits_period].number};
  return limits_set(CONTAINER_CGROUP, &limits);
}
