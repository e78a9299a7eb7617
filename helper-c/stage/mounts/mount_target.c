#include "mount_target.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../../common/kernel.h"
#include "../../common/root_path.h"
#include "mount_table.h"

bool is_root(const struct context *c, int fd) {
  struct stat root, info;
  if (fstat(c->root_fd, &root) < 0 || fstat(fd, &info) < 0) return false;
  if (root.st_dev != info.st_dev || root.st_ino != info.st_ino) return false;
  int number = mount_number(c->root_fd);
  return number >= 0 && number == mount_number(fd);
}

static bool is_folder(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Mounting a directory on a file, or the reverse, is ENOTDIR, as with mount(2); engines check for that. */
int attach(const struct context *c, int mount, int target) {
  if (is_root(c, target)) return -ROOT_COVERED;
  int result = sys_move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_);
  return result == -EINVAL && is_folder(mount) != is_folder(target) ? -ENOTDIR : result;
}

int open_target_link(const struct context *c, const char *path, bool folder) {
  int fd = root_open(c, path, O_NOFOLLOW, FOLLOW_LINKS);
  if (fd != -ENOENT) return fd;
  const char *name;
  int parent = root_open_parent(c, path, &name);
  if (parent < 0) return parent;
  fd = root_make_entry(parent, name, folder);
  close(parent);
  return fd;
}
