/* Files of a hostile root filesystem that Main and the VMM read and write by name. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "root_path.h"
#include "shim.h"

/* A temporary name made with O_EXCL and renamed over the old one: a link, FIFO or device of that name is replaced,
 * never followed, opened or written to. */
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

int kago_put_root_file(const char *root, const char *name, const uint8_t *bytes, uint32_t size, uint32_t uid, uint32_t gid) {
  int folder = as_result(open(root, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return folder;
  int result = put_file(folder, name, bytes, size, uid, gid);
  close(folder);
  return result;
}

int kago_open_in_root(const char *root, const char *path, int flags) {
  int folder = as_result(open(root, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return folder;
  uint64_t mode = flags & O_CREAT ? 0600 : 0; /* openat2(2) refuses a mode that is not used */
  int fd = open_below(folder, path, (uint64_t)flags, mode, RESOLVE_IN_ROOT_ | RESOLVE_NO_MAGICLINKS_);
  close(folder);
  return fd;
}
