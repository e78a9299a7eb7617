/* Device nodes, links and kernel parameters below the root, and the console. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/root_path.h"
#include "../common/terminal.h"

int op_symlink(struct context *c, const struct field *f) {
  const char *name;
  int parent = root_open_parent(c, f[F_symlink_path].text, &name);
  if (parent < 0) return parent;
  int result = as_result(symlinkat(f[F_symlink_target].text, parent, name));
  if (result == -EEXIST && f[F_symlink_replace].number) {
    result = as_result(unlinkat(parent, name, 0));
    if (result == 0) result = as_result(symlinkat(f[F_symlink_target].text, parent, name));
  } else if (result == -EEXIST) {
    result = 0;
  }
  close(parent);
  return result;
}

static bool is_device(const struct stat *info, mode_t mode, dev_t device) {
  bool special = S_ISCHR(mode) || S_ISBLK(mode);
  return (info->st_mode & S_IFMT) == (mode & S_IFMT) && (!special || info->st_rdev == device);
}

/* Binds the host's node with the same path to `name`; it must be the device that the spec names. */
static int bind_host_node(const char *path, int parent, const char *name, mode_t mode, dev_t device) {
  int tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | AT_SYMLINK_NOFOLLOW);
  if (tree < 0) return tree;
  struct stat info;
  int result = as_result(fstat(tree, &info));
  if (result == 0 && !is_device(&info, mode, device)) result = -ENXIO;
  /* The node is the host's: a process that may write to the device must not change its mode or owner. */
  struct mount_attr_v0 readonly = {.attr_set = MOUNT_ATTR_RDONLY_};
  if (result == 0) result = sys_mount_setattr(tree, "", AT_EMPTY_PATH, &readonly);
  int file = -1;
  if (result == 0)
    file = result = as_result(openat(parent, name, O_CREAT | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644));
  if (file >= 0) result = sys_move_mount(tree, "", file, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_);
  if (file >= 0) close(file);
  close(tree);
  return result;
}

int op_mknod(struct context *c, const struct field *f) {
  /* The kernel's numbers have 12 and 20 bits; musl truncates larger ones. */
  if (f[F_mknod_major].number > 0xfff || f[F_mknod_minor].number > 0xfffff) return -EINVAL;
  mode_t mode = (mode_t)f[F_mknod_mode].number;
  dev_t device = makedev((unsigned)f[F_mknod_major].number, (unsigned)f[F_mknod_minor].number);
  const char *name;
  int parent = root_open_parent(c, f[F_mknod_path].text, &name);
  if (parent < 0) return parent;
  mode_t mask = umask(0);
  int result = as_result(mknodat(parent, name, mode, device));
  umask(mask);
  if (result == 0) {
    result = as_result(
        fchownat(parent, name, (uid_t)f[F_mknod_uid].number, (gid_t)f[F_mknod_gid].number, AT_SYMLINK_NOFOLLOW));
  } else if (result == -EPERM) {
    result = bind_host_node(f[F_mknod_path].text, parent, name, mode, device);
  } else if (result == -EEXIST) {
    /* An image may have its own node, but not a link or another device with this name (CVE-2026-88265). A directory,
     * which is neither, stays, as with runc. */
    struct stat info;
    result = as_result(fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW));
    if (result == 0 && !S_ISDIR(info.st_mode) && !is_device(&info, mode, device)) result = -EEXIST;
  }
  close(parent);
  return result;
}

int op_sysctl(struct context *c, const struct field *f) {
  (void)c;
  int proc = whole_proc();
  if (proc < 0) return proc;
  int folder = sys_openat2(proc, "sys", O_PATH | O_DIRECTORY, 0, RESOLVE_BENEATH_ | RESOLVE_NO_SYMLINKS_);
  close(proc);
  if (folder < 0) return folder;
  uint64_t resolve = RESOLVE_BENEATH_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_XDEV_;
  int fd = sys_openat2(folder, f[F_sysctl_key].text, O_WRONLY, 0, resolve);
  close(folder);
  if (fd < 0) return fd;
  int result = write_whole(fd, f[F_sysctl_value].text);
  close(fd);
  return result;
}

int op_console(struct context *c, const struct field *f) {
  int slave, master = open_terminal(c, &slave);
  if (master < 0) return master;
  struct winsize size = {.ws_row = (unsigned short)f[F_console_rows].number,
                         .ws_col = (unsigned short)f[F_console_columns].number};
  int result = size.ws_row || size.ws_col ? as_result(ioctl(slave, TIOCSWINSZ, &size)) : 0;
  if (result == 0) result = as_result(fchown(slave, (uid_t)f[F_console_uid].number, (gid_t)-1));
  if (result == 0 && f[F_console_bind].number) result = bind_console(c, slave);
  return take_terminal(c, master, slave, result);
}
