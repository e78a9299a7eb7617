/* Files of a hostile root filesystem that Main reads and writes by path. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/root_path.h"
#include "shim.h"

/* Creates a temporary file with O_EXCL and renames it over the old one: a link, FIFO or device of that name is
 * replaced, never followed, opened or written to. */
static int put_file(int folder, const char *name, const uint8_t *bytes, uint32_t size, uint32_t uid, uint32_t gid) {
  char temporary[300];
  if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..")) return -EINVAL;
  int fd = -EEXIST;
  for (int i = 0; i < 100 && fd == -EEXIST; i++) {
    snprintf(temporary, sizeof temporary, "%s.%d.%d", name, (int)getpid(), i);
    fd = as_result(openat(folder, temporary, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600));
  }
  if (fd < 0) return fd;
  int result = write_all(fd, bytes, size);
  if (result == 0) result = as_result(fchown(fd, uid, gid));
  if (result == 0) result = as_result(renameat(folder, temporary, folder, name));
  if (result < 0) unlinkat(folder, temporary, 0);
  close(fd);
  return result;
}

int kago_put_root_file(const char *root, const char *name, const uint8_t *bytes, uint32_t size, uint32_t uid,
                       uint32_t gid) {
  int folder = as_result(open(root, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return folder;
  int result = put_file(folder, name, bytes, size, uid, gid);
  close(folder);
  return result;
}

/* Opening a device may have effects, and a FIFO or a file that the kernel generates may block. So the type is
 * checked before. */
static int open_regular(int root, const char *path) {
  char link[32];
  struct stat info;
  struct context c = {.root_fd = root};
  int found = root_open(&c, path, 0, FOLLOW_LINKS);
  int fd = found < 0 ? found : as_result(fstat(found, &info));
  if (fd == 0) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", found);
    fd = S_ISREG(info.st_mode) && !is_made_up(found) ? as_result(open(link, O_RDONLY | O_CLOEXEC)) : -EINVAL;
  }
  if (found >= 0) close(found);
  return fd;
}

static int read_all(int fd, uint8_t *bytes, uint32_t size) {
  uint32_t filled = 0;
  for (;;) {
    uint8_t beyond;
    bool full = filled == size;
    ssize_t n = read(fd, full ? &beyond : bytes + filled, full ? 1 : size - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    if (n == 0) return (int)filled;
    if (full) return -EFBIG;
    filled += (uint32_t)n;
  }
}

int kago_read_root_file(const char *root, const char *path, uint8_t *bytes, uint32_t size) {
  int folder = as_result(open(root, O_PATH | O_DIRECTORY | O_CLOEXEC));
  int fd = folder < 0 ? folder : open_regular(folder, path);
  int result = fd < 0 ? fd : read_all(fd, bytes, size);
  if (fd >= 0) close(fd);
  if (folder >= 0) close(folder);
  return result;
}
