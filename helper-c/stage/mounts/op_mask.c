/* Paths of kernel filesystems that a container must not read or must not write. */
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../../common/context.h"
#include "../../common/kernel.h"
#include "../../common/root_path.h"
#include "filesystem.h"
#include "mount_target.h"

/* An empty directory on a read-only filesystem, which no remount makes writable. */
static int empty_folder(const char *context) {
  int fs = sys_fsopen("tmpfs");
  if (fs < 0) return fs;
  int result = sys_fsconfig(fs, FSCONFIG_SET_STRING_, "source", "tmpfs");
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_SET_FLAG_, "ro", NULL);
  if (result >= 0 && *context) result = sys_fsconfig(fs, FSCONFIG_SET_STRING_, "context", context);
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_CMD_CREATE_, NULL, NULL);
  if (result >= 0) result = sys_fsmount(fs, MOUNT_ATTR_RDONLY_);
  close(fs);
  return result;
}

/* A detached bind of the host's /dev/null, which must be the null device (CVE-2025-31133). Read-only: that does not
 * affect writing to the device, but prevents changing the mode or owner of the host's node. */
static int null_device(void) {
  int fd = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | AT_SYMLINK_NOFOLLOW);
  if (fd < 0) return fd;
  struct stat info;
  bool genuine = fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
  int result =
      genuine ? set_attributes(fd, MOUNT_ATTR_RDONLY_ | MOUNT_ATTR_NOSUID_ | MOUNT_ATTR_NOEXEC_, 0, false) : -EXDEV;
  if (result == 0) result = set_propagation(fd, MS_PRIVATE);
  if (result == 0) return fd;
  close(fd);
  return result;
}

/* Clones the tmpfs mounted on the first masked directory, because a detached mount cannot be cloned (open_tree(2)).
 * It must not be a peer, or a mount on one mask would appear on all. */
static int mask_again(const struct context *c) {
  int tree = sys_open_tree(c->mask - 1, "", AT_EMPTY_PATH | OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_);
  int result = tree < 0 ? tree : set_propagation(tree, MS_PRIVATE);
  if (result == 0 || tree < 0) return tree;
  close(tree);
  return result;
}

static int mask_folder(struct context *c, int target, const char *context) {
  int cover = c->mask ? mask_again(c) : empty_folder(context);
  int result = cover < 0 ? cover : attach(c, cover, target);
  bool is_first = result == 0 && !c->mask;
  if (is_first) c->mask = cover + 1;
  else if (cover >= 0) close(cover);
  return result;
}

static int mask_file(const struct context *c, int target) {
  int cover = null_device();
  if (cover < 0) return cover;
  int result = attach(c, cover, target);
  close(cover);
  return result;
}

int op_mask_path(struct context *c, const struct field *f) {
  int target = root_open(c, f[F_mask_path_path].text, 0, false);
  if (target < 0) return target == -ENOENT || target == -ENOTDIR ? 0 : target;
  struct stat info;
  int result = as_result(fstat(target, &info));
  if (result == 0)
    result = S_ISDIR(info.st_mode) ? mask_folder(c, target, f[F_mask_path_context].text) : mask_file(c, target);
  close(target);
  return result;
}

static int bind_readonly(const struct context *c, int target) {
  int tree = sys_open_tree(target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | AT_RECURSIVE);
  if (tree < 0) return tree;
  int result = set_attributes(tree, MOUNT_ATTR_RDONLY_, 0, false);
  if (result == 0) result = attach(c, tree, target);
  close(tree);
  return result;
}

int op_readonly_path(struct context *c, const struct field *f) {
  int target = root_open(c, f[F_readonly_path_path].text, 0, false);
  if (target < 0) return target == -ENOENT || target == -ENOTDIR ? 0 : target;
  /* A mount over the root would not be visible. */
  int result = is_root(c, target) ? set_attributes(target, MOUNT_ATTR_RDONLY_, 0, false) : bind_readonly(c, target);
  close(target);
  return result;
}
