/* mount(2) accepts longer options than fsconfig(2), but mounts on a path. So the filesystem is mounted by name in a private
 * tmpfs that no other process can access, and taken from there as a detached mount. */
#include "filesystem.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/kernel.h"

int set_attributes(int fd, uint64_t set, uint64_t clear, bool recursive) {
  if (!set && !clear) return 0;
  struct mount_attr_v0 attr = {.attr_set = set, .attr_clr = clear};
  return sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr);
}

int change_attributes(int fd, uint64_t set, uint64_t clear, uint64_t unnamed) {
  int result = set_attributes(fd, set, clear | unnamed, false);
  return result == -EPERM && unnamed ? set_attributes(fd, set, clear, false) : result;
}

int set_propagation(int fd, uint64_t propagation) {
  if (!propagation) return 0;
  struct mount_attr_v0 attr = {.propagation = propagation & ~(uint64_t)MS_REC};
  return sys_mount_setattr(fd, "", AT_EMPTY_PATH | (propagation & MS_REC ? AT_RECURSIVE : 0), &attr);
}

/* One `key=value` or flag of a filesystem's options. */
static int configure(int fs, const char *option) {
  const char *equals = strchr(option, '=');
  if (!equals) return sys_fsconfig(fs, FSCONFIG_SET_FLAG_, option, NULL);
  char key[256];
  size_t length = (size_t)(equals - option);
  if (length >= sizeof key) return -ENAMETOOLONG;
  memcpy(key, option, length);
  key[length] = 0;
  return sys_fsconfig(fs, FSCONFIG_SET_STRING_, key, equals + 1);
}

int filesystem_by_options(const char *fstype, const char *source, const struct field *options, const char *more,
                          uint64_t attrs) {
  int fs = sys_fsopen(fstype);
  if (fs < 0) return fs;
  int result = *source ? sys_fsconfig(fs, FSCONFIG_SET_STRING_, "source", source) : 0;
  const uint8_t *item = options->data;
  for (uint32_t i = 0; i < options->count && result >= 0; i++) result = configure(fs, list_next(&item));
  if (more && result >= 0) result = configure(fs, more);
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_CMD_CREATE_, NULL, NULL);
  if (result >= 0) result = sys_fsmount(fs, (unsigned)attrs);
  close(fs);
  return result;
}

/* Mounts an empty tmpfs on `target`: descriptor of its root, or -errno. */
static int scratch_on(int target) {
  const struct field none = {0};
  int scratch =
      filesystem_by_options("tmpfs", "tmpfs", &none, NULL, MOUNT_ATTR_NOSUID_ | MOUNT_ATTR_NODEV_ | MOUNT_ATTR_NOEXEC_);
  if (scratch < 0) return scratch;
  int result = sys_move_mount(scratch, "", target, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_);
  if (result == 0) return scratch;
  close(scratch);
  return result;
}

/* Mounts in the directory `scratch`, the root of a mount, clones the new mount, and unmounts `scratch`. */
static int mount_in(int scratch, const char *fstype, const char *source, unsigned long flags, const char *data) {
  static const char NAME[] = "mount";
  int result = as_result(fchdir(scratch));
  if (result < 0) return result;
  result = as_result(mkdir(NAME, 0700));
  if (result == 0) result = as_result(mount(*source ? source : "none", NAME, fstype, flags, data));
  if (result == 0) result = sys_open_tree(scratch, NAME, OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_);
  /* "." is the root of the current mount, not of one that covers it. */
  int removed = as_result(umount2(".", MNT_DETACH));
  if (removed == 0 || result < 0) return result;
  close(result);
  return removed;
}

int filesystem_by_name(const char *fstype, const char *source, unsigned long flags, const char *data, uint64_t attrs,
                       int target) {
  int before = as_result(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  int scratch = before < 0 ? before : scratch_on(target);
  int fd = scratch < 0 ? scratch : mount_in(scratch, fstype, source, flags, data);
  if (scratch >= 0) close(scratch);
  int result = before < 0 ? 0 : as_result(fchdir(before));
  if (before >= 0) close(before);
  if (fd >= 0 && result == 0) result = set_attributes(fd, attrs, 0, false);
  if (fd < 0 || result == 0) return fd;
  close(fd);
  return result;
}
