/* Detached mount trees, opened before they are bound: while the source can still be reached, and with its files' ids
 * mapped (mount_setattr(2), "ID-mapped mounts"). */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/context.h"
#include "../../common/kernel.h"
#include "../../common/root_path.h"
#include "bind_source.h"

#define MOUNT_ATTR_IDMAP_ 0x100000

int op_open_tree(struct context *c, const struct field *f) {
  if (f[F_open_tree_slot].number >= TREE_SLOTS) return -EINVAL;
  int tree = open_source(f[F_open_tree_source].text, f[F_open_tree_recursive].number, f[F_open_tree_links].number);
  if (tree < 0) return tree;
  c->trees[f[F_open_tree_slot].number] = tree + 1;
  return 0;
}

static int write_map(int proc, pid_t pid, const char *file, const char *map) {
  char path[64];
  snprintf(path, sizeof path, "%d/%s", (int)pid, file);
  int fd = as_result(openat(proc, path, O_WRONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = write_whole(fd, map);
  close(fd);
  return result;
}

/* A process that only holds a user namespace. */
static pid_t hold_namespace(void) {
  struct clone_args_v2 args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  pid_t pid = (pid_t)sys_clone3(&args);
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (;;) pause();
}

/* A user namespace with these maps: descriptor or -errno. */
static int make_namespace(struct context *c, const char *uid_map, const char *gid_map) {
  int proc = trusted_proc(c);
  pid_t pid = proc < 0 ? proc : hold_namespace();
  if (pid < 0) return pid;
  int result = write_map(proc, pid, "uid_map", uid_map);
  if (result == 0) result = write_map(proc, pid, "gid_map", gid_map);
  char path[64];
  snprintf(path, sizeof path, "%d/ns/user", (int)pid);
  if (result == 0) result = as_result(openat(proc, path, O_RDONLY | O_CLOEXEC));
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  return result;
}

/* Takes ownership of `namespace`, a user namespace or -errno. */
static int map_tree(const struct context *c, uint64_t slot, int namespace, bool recursive) {
  if (namespace < 0) return namespace;
  int tree = slot < TREE_SLOTS ? c->trees[slot] - 1 : -1;
  struct mount_attr_v0 attr = {.attr_set = MOUNT_ATTR_IDMAP_, .userns_fd = (uint64_t)namespace};
  unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  int result = tree < 0 ? -EINVAL : sys_mount_setattr(tree, "", flags, &attr);
  close(namespace);
  return result;
}

int op_idmap_tree(struct context *c, const struct field *f) {
  return map_tree(c, f[F_idmap_tree_slot].number,
                  make_namespace(c, f[F_idmap_tree_uid_map].text, f[F_idmap_tree_gid_map].text),
                  f[F_idmap_tree_recursive].number);
}

int op_idmap_tree_like(struct context *c, const struct field *f) {
  return map_tree(c, f[F_idmap_tree_like_slot].number,
                  as_result(open(f[F_idmap_tree_like_namespace].text, O_RDONLY | O_CLOEXEC)),
                  f[F_idmap_tree_like_recursive].number);
}
