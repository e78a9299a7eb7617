/* Operations on the host for a microVM's guest agent: the folder of its socket, and the guest's own root. Both are mounts
 * that lie nowhere in the container's file system; the VMM alone holds their descriptors. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"
#include "kernel.h"
#include "root_path.h"

int op_open_run_folder(struct context *c, const struct field *f) {
  /* A clone: from a descriptor of the folder itself ".." would lead to all of the host's files. */
  int tree = sys_open_tree(AT_FDCWD, f[0].text, OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | AT_SYMLINK_NOFOLLOW);
  if (tree >= 0) c->run_fd = tree;
  return tree < 0 ? tree : 0;
}

static int new_tmpfs(void) {
  int fs = sys_fsopen("tmpfs");
  if (fs < 0) return fs;
  int result = sys_fsconfig(fs, FSCONFIG_SET_STRING_, "source", "kago");
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_SET_STRING_, "mode", "0755");
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_CMD_CREATE_, NULL, NULL);
  if (result >= 0) result = sys_fsmount(fs, MOUNT_ATTR_NOSUID_ | MOUNT_ATTR_NODEV_ | MOUNT_ATTR_NOEXEC_);
  close(fs);
  return result;
}

static int put_file(int folder, const char *name, mode_t mode, const uint8_t *bytes, size_t size) {
  int fd = as_result(openat(folder, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (fd < 0) return fd;
  int result = write_all(fd, bytes, size);
  /* The VMM reads it for the guest as whoever it is then; nobody else has a descriptor. */
  if (result >= 0) result = as_result(fchmod(fd, mode));
  close(fd);
  return result;
}

/* The mount points of libkrun's guest init, and the agent's. */
static const char *const FOLDERS[] = {"dev", "proc", "sys", "root"};

static int fill(const struct context *c, int folder, const struct field *plan) {
  int result = 0;
  for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS && result >= 0; i++) {
    result = as_result(mkdirat(folder, FOLDERS[i], 0755));
  }
  if (result >= 0) result = put_file(folder, "agent", 0555, c->agent_program, c->agent_size);
  if (result >= 0) result = put_file(folder, "plan", 0444, plan->data, plan->count);
  struct mount_attr_v0 readonly = {.attr_set = MOUNT_ATTR_RDONLY_};
  if (result >= 0) result = sys_mount_setattr(folder, "", AT_EMPTY_PATH, &readonly);
  return result;
}

int op_agent_files(struct context *c, const struct field *f) {
  if (!c->agent_program) return -ENOSYS;
  int folder = new_tmpfs();
  if (folder < 0) return folder;
  int result = fill(c, folder, &f[0]);
  if (result < 0) close(folder);
  else c->agent_fd = folder;
  return result < 0 ? result : 0;
}
