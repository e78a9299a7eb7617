/* The host's kernel filesystems that a microVM's VMM sees. The guest's root is served from the VMM's mount
 * namespace, so a writable procfs there would give the guest the VMM's own memory. */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../../common/context.h"
#include "../../common/kernel.h"
#include "../../common/root_path.h"
#include "filesystem.h"
#include "mount_table.h"

static const char OWN[] = "/proc/self/fd";

/* A clone of this directory in the host's procfs: it still shows this process after it becomes the VMM. */
static int own_descriptors(void) {
  struct statfs info;
  int tree = sys_open_tree(AT_FDCWD, OWN, OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_);
  if (tree < 0) return tree;
  int result = as_result(fstatfs(tree, &info));
  if (result == 0 && info.f_type != PROC_MAGIC) result = -EXDEV;
  uint64_t attributes = MOUNT_ATTR_RDONLY_ | MOUNT_ATTR_NOSUID_ | MOUNT_ATTR_NODEV_ | MOUNT_ATTR_NOEXEC_;
  if (result == 0) result = set_attributes(tree, attributes, 0, false);
  if (result == 0) result = set_propagation(tree, MS_PRIVATE);
  if (result == 0) return tree;
  close(tree);
  return result;
}

int op_vmm_descriptors(struct context *c, const struct field *f) {
  (void)f;
  int target = root_open_or_make(c, OWN, true, NO_LINKS);
  if (target < 0) return target;
  int tree = own_descriptors();
  int result = tree;
  if (tree >= 0) result = sys_move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_);
  if (result == 0) result = c->descriptors_mount = mount_number(tree);
  if (tree >= 0) close(tree);
  close(target);
  return result < 0 ? result : 0;
}

static bool is_among(const struct field *names, const char *name) {
  const uint8_t *item = names->data;
  for (uint32_t i = 0; i < names->count; i++) {
    if (!strcmp(list_next(&item), name)) return true;
  }
  return false;
}

/* A mount that is covered by another cannot be reached by a path. */
static int make_readonly(const struct mount_entry *mount) {
  int fd = sys_openat2(AT_FDCWD, mount->path, O_PATH, 0, RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_MAGICLINKS_);
  if (fd == -ENOENT || fd == -ENOTDIR) return 0;
  if (fd < 0) return fd;
  bool covered = mount_number(fd) != mount->number;
  int result = covered ? 0 : set_attributes(fd, MOUNT_ATTR_RDONLY_, 0, false);
  close(fd);
  return result;
}

int op_kernel_mounts_readonly(struct context *c, const struct field *f) {
  struct mount_table table;
  int root = mount_number(c->root_fd);
  int result = root < 0 ? root : mount_table_read(&table);
  if (result < 0) return result;
  for (size_t i = 0; i < table.count && result == 0; i++) {
    const struct mount_entry *mount = &table.mounts[i];
    if (!is_among(&f[F_kernel_mounts_readonly_types], mount->type) || !mount_is_below(&table, mount, root)) continue;
    bool own = mount->number == c->descriptors_mount;
    result = !strcmp(mount->type, "proc") && !own ? -EXDEV : make_readonly(mount);
  }
  mount_table_free(&table);
  return result;
}
