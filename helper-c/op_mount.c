/* Mount operations. Every target is a descriptor of a path resolved below the root; the new mount is made detached
 * and moved onto that descriptor, so no path is looked up twice. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "context.h"
#include "copy_up.h"
#include "filesystem.h"
#include "kernel.h"
#include "root_path.h"

static bool is_folder(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

/* A folder over a file, or the reverse, is ENOTDIR, as mount(2) has it and engines look for. */
static int attach(int mount_fd, int target_fd) {
  int result = sys_move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_);
  return result == -EINVAL && is_folder(mount_fd) != is_folder(target_fd) ? -ENOTDIR : result;
}

/* What stands at `fd` in a procfs may not be covered, unless the plan has found it harmless. */
static int check_procfs(int fd, uint64_t wanted) {
  struct statfs info;
  if (wanted == PROCFS_ALLOWED) return 0;
  int result = as_result(fstatfs(fd, &info));
  return result < 0 ? result : (info.f_type == PROC_MAGIC) == (wanted == PROCFS_SOURCE) ? 0 : -EXDEV;
}

/* Is there an option that begins with `key`, which ends in "="? */
static bool has_option(const struct field *options, const char *key) {
  const uint8_t *item = options->data;
  bool found = false;
  for (uint32_t i = 0; i < options->count; i++) found = !strncmp(list_next(&item), key, strlen(key)) || found;
  return found;
}

static bool exists(const struct context *c, const char *path, bool no_links) {
  int fd = root_open(c, path, 0, no_links);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

/* A tmpfs without a mode of its own takes that of the folder that it covers, as with runc and crun, but not of one that was
 * made for it. */
static int option_of_mode(int covered, char option[16]) {
  struct stat info;
  int result = as_result(fstat(covered, &info));
  if (result == 0) snprintf(option, 16, "mode=%o", info.st_mode & 07777);
  return result;
}

static int copy_up_into(int fd, int target_fd, const struct field *options, uint64_t attrs) {
  struct kept_attributes kept = {has_option(options, "uid="), has_option(options, "gid="), has_option(options, "mode=")};
  int result = copy_tree(target_fd, fd, kept);
  return result < 0 ? result : set_attributes(fd, attrs, 0, false);
}

int op_mount(struct context *c, const struct field *f) {
  const char *fstype = f[0].text, *source = f[1].text, *target = f[2].text;
  bool no_links = f[6].number, copy_up = f[7].number;
  bool takes_mode = !strcmp(fstype, "tmpfs") && !copy_up && !has_option(&f[3], "mode=") && exists(c, target, no_links);
  char mode[16];
  int target_fd = root_open_or_make(c, target, true, no_links);
  if (target_fd < 0) return target_fd;
  int result = check_procfs(target_fd, f[8].number);
  if (result == 0 && takes_mode) result = option_of_mode(target_fd, mode);
  /* Contents are copied before the attributes, or a read-only tmpfs could not be filled. */
  int fd = result < 0 ? result : new_filesystem(fstype, source, &f[3], takes_mode ? mode : NULL, copy_up ? 0 : f[4].number, target_fd);
  result = fd < 0 ? fd : 0;
  if (result == 0 && copy_up) result = copy_up_into(fd, target_fd, &f[3], f[4].number);
  if (result == 0) result = attach(fd, target_fd);
  if (result == 0) result = set_propagation(fd, f[5].number);
  if (fd >= 0) close(fd);
  close(target_fd);
  return result;
}

/* The tree in a slot, or a new one of `source`. */
static int take_tree(struct context *c, uint32_t slot, const char *source, bool recursive) {
  if (slot < TREE_SLOTS && c->trees[slot] > 0) {
    int tree = c->trees[slot] - 1;
    c->trees[slot] = 0;
    return tree;
  }
  unsigned flags = OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | (recursive ? AT_RECURSIVE : 0);
  return sys_open_tree(AT_FDCWD, source, flags);
}

int op_bind(struct context *c, const struct field *f) {
  const char *source = f[0].text, *target = f[1].text;
  bool recursive = f[2].number;
  int tree = take_tree(c, (uint32_t)f[8].number, source, recursive);
  if (tree < 0) return tree;
  struct stat info;
  int result = as_result(fstat(tree, &info));
  int target_fd = result < 0 ? result : root_open_or_make(c, target, S_ISDIR(info.st_mode), f[9].number);
  if (target_fd < 0) {
    close(tree);
    return target_fd;
  }
  bool is_proc = f[10].number == PROCFS_SOURCE;
  result = check_procfs(is_proc ? tree : target_fd, f[10].number);
  if (result == 0) result = set_attributes(tree, f[3].number, f[4].number, false);
  if (result == 0) result = set_attributes(tree, f[5].number, f[6].number, true);
  if (result == 0) result = attach(tree, target_fd);
  if (result == 0) result = set_propagation(tree, f[7].number);
  close(tree);
  close(target_fd);
  return result;
}

int op_remount(struct context *c, const struct field *f) {
  int fd = root_open(c, f[0].text, 0, false);
  if (fd < 0) return fd;
  int result = set_attributes(fd, f[1].number, f[2].number, false);
  if (result == 0) result = set_propagation(fd, f[3].number);
  close(fd);
  return result;
}

/* An empty folder that nobody can write to, whatever becomes of the mount's attributes. */
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

/* A detached bind of the host's /dev/null, which must be just that (CVE-2025-31133). Read-only: writing to the device is
 * no write to the mount, but changing the mode or owner of the host's node is. */
static int null_device(void) {
  int fd = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | AT_SYMLINK_NOFOLLOW);
  if (fd < 0) return fd;
  struct stat info;
  bool genuine = fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
  int result = genuine ? set_attributes(fd, MOUNT_ATTR_RDONLY_ | MOUNT_ATTR_NOSUID_ | MOUNT_ATTR_NOEXEC_, 0, false) : -EXDEV;
  if (result == 0) result = set_propagation(fd, MS_PRIVATE);
  if (result == 0) return fd;
  close(fd);
  return result;
}

int op_mask_path(struct context *c, const struct field *f) {
  int target = root_open(c, f[0].text, 0, false);
  if (target < 0) return target == -ENOENT || target == -ENOTDIR ? 0 : target;
  struct stat info;
  int result = as_result(fstat(target, &info));
  int cover = result < 0 ? result : S_ISDIR(info.st_mode) ? empty_folder(f[1].text) : null_device();
  if (cover >= 0) {
    result = attach(cover, target);
    close(cover);
  }
  close(target);
  return cover < 0 ? cover : result;
}

int op_readonly_path(struct context *c, const struct field *f) {
  int target = root_open(c, f[0].text, 0, false);
  if (target < 0) return target == -ENOENT || target == -ENOTDIR ? 0 : target;
  int tree = sys_open_tree(target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | AT_RECURSIVE);
  int result = tree < 0 ? tree : set_attributes(tree, MOUNT_ATTR_RDONLY_, 0, false);
  if (result == 0) result = attach(tree, target);
  if (tree >= 0) close(tree);
  close(target);
  return result;
}
