/* Operations on the root filesystem as a whole: propagation, opening, attributes, and changing the root. */
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/context.h"
#include "../../common/kernel.h"
#include "../../common/root_path.h"
#include "filesystem.h"
#include "old_mounts.h"

int op_propagation(struct context *c, const struct field *f) {
  (void)c;
  return as_result(mount(NULL, f[F_propagation_path].text, NULL, (unsigned long)f[F_propagation_flags].number, NULL));
}

/* Walks up from `path` to the root of its mount and makes that mount private: pivot_root(2) refuses a shared one. */
static int make_parent_private(const char *path) {
  int fd = as_result(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  int result = -EINVAL;
  for (int depth = 0; fd >= 0 && result == -EINVAL && depth < PATH_MAX; depth++) {
    result = set_propagation(fd, MS_PRIVATE); /* EINVAL: not the root of a mount */
    int up = as_result(openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    close(fd);
    fd = up;
  }
  if (fd >= 0) close(fd);
  return fd < 0 ? fd : result;
}

int op_open_root(struct context *c, const struct field *f) {
  const char *path = f[F_open_root_path].text;
  int result = f[F_open_root_private_parent].number ? make_parent_private(path) : 0;
  if (result < 0) return result;
  /* Looked up only once; a link, which some tools' bundles have, is followed once too. */
  int folder = as_result(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return folder;
  unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | AT_RECURSIVE;
  int tree = sys_open_tree(folder, "", flags);
  result = tree < 0 ? tree : 0;
  /* As a peer of its parent mount it would also be mounted over itself. */
  if (result == 0 && f[F_open_root_private_tree].number) result = set_propagation(tree, MS_PRIVATE | MS_REC);
  if (result == 0) result = sys_move_mount(tree, "", folder, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_);
  close(folder);
  if (result < 0 && tree >= 0) close(tree);
  if (result == 0) c->root_fd = tree;
  return result;
}

int op_root_attributes(struct context *c, const struct field *f) {
  int result = change_attributes(c->root_fd, f[F_root_attributes_attrs_set].number, 0,
                                 f[F_root_attributes_attrs_unnamed].number);
  if (result == 0) result = set_propagation(c->root_fd, f[F_root_attributes_propagation].number);
  return result;
}

int op_pivot_root(struct context *c, const struct field *f) {
  (void)f;
  int old_root = as_result(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (old_root < 0) return old_root;
  int result = as_result(fchdir(c->root_fd));
  /* pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one and is detached from there, so
   * no directory for it is needed, and nothing of the host stays reachable. */
  if (result == 0) result = sys_pivot_root(".", ".");
  /* An unmount propagates to the peers of the parent mount, which are the host's own mounts if they are shared. */
  if (result == 0) result = set_propagation(old_root, MS_SLAVE | MS_REC);
  if (result == 0) result = as_result(umount2(".", MNT_DETACH));
  if (result == 0) result = as_result(chdir("/"));
  close(old_root);
  return result;
}

int op_enter_root(struct context *c, const struct field *f) {
  c->root_fd = as_result(open(f[F_enter_root_path].text, O_PATH | O_DIRECTORY | O_CLOEXEC));
  int result = c->root_fd < 0 ? c->root_fd : as_result(fchdir(c->root_fd));
  if (result == 0) result = as_result(chroot("."));
  return result;
}

/* Moves the container's root, which is the working directory, on top of the old root. */
static int move_root(void) {
  int old_root = as_result(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (old_root < 0) return old_root;
  /* A mount on a shared "/" would propagate to the host. */
  int result = as_result(mount(NULL, "/", NULL, MS_PRIVATE, NULL));
  if (result == 0) result = as_result(mount(".", "/", NULL, MS_MOVE, NULL));
  if (result == 0) result = leave_old_mounts(old_root);
  close(old_root);
  return result;
}

int op_change_root(struct context *c, const struct field *f) {
  int result = as_result(fchdir(c->root_fd));
  if (result == 0 && f[F_change_root_move_mount].number) result = move_root();
  if (result == 0) result = as_result(chroot("."));
  if (result == 0) result = as_result(chdir("/"));
  return result;
}
