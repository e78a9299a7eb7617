/* Being told when the kernel runs out of a cgroup's memory: v1 signals an eventfd (admin-guide/cgroup-v1/memory.rst,
 * "OOM Control"), v2 makes memory.events pollable (admin-guide/cgroup-v2.rst, "memory.events"). */
#include "shim.h"

#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../common/kernel.h"

static int write_text(int folder, const char *name, const char *text, int size) {
  int fd = as_result(openat(folder, name, O_WRONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = as_result(write(fd, text, (size_t)size));
  close(fd);
  return result < 0 ? result : 0;
}

static int watch_v1(int folder) {
  int event = as_result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  int control = as_result(openat(folder, "memory.oom_control", O_RDONLY | O_CLOEXEC));
  int result = event < 0 ? event : control < 0 ? control : 0;
  if (result == 0) {
    char text[32];
    int size = snprintf(text, sizeof text, "%d %d", event, control);
    result = write_text(folder, "cgroup.event_control", text, size);
  }
  if (control >= 0) close(control); /* the kernel keeps what it needs of it */
  if (result == 0) return event;
  if (event >= 0) close(event);
  return result;
}

/* Reading makes poll(2) wait for the next change. */
static int read_again(int fd) {
  char text[512];
  return as_result(pread(fd, text, sizeof text, 0));
}

static int watch_v2(int folder) {
  int fd = as_result(openat(folder, "memory.events", O_RDONLY | O_CLOEXEC));
  int result = fd < 0 ? fd : read_again(fd);
  if (result >= 0) return fd;
  if (fd >= 0) close(fd);
  return result;
}

int kago_oom_watch(const char *path, int version) {
  int folder = as_result(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return folder;
  int result = version == 1 ? watch_v1(folder) : watch_v2(folder);
  close(folder);
  return result;
}

int kago_oom_wait(int watch, int version, int pidfd, int timeout_ms) {
  /* A file of the cgroup filesystem is always readable, whence not POLLIN. */
  struct pollfd fds[] = {{.fd = watch, .events = version == 1 ? POLLIN : POLLPRI}, {.fd = pidfd, .events = POLLIN}};
  int result = as_result(poll(fds, 2, timeout_ms));
  if (result == -EINTR) return 0;
  if (result < 0) return result;
  if ((fds[0].revents | fds[1].revents) & POLLNVAL) return -EBADF;
  uint64_t ignored;
  int changed = fds[0].revents != 0;
  /* ENODEV: the cgroup is gone, and its Init with it. */
  if (changed) result = version == 1 ? as_result(read(watch, &ignored, sizeof ignored)) : read_again(watch);
  if (changed && result < 0 && result != -EAGAIN && result != -ENODEV) return result;
  return (changed ? OOM_CHANGED : 0) | (fds[1].revents ? OOM_ENDED : 0);
}
