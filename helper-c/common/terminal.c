#include "terminal.h"

#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel.h"
#include "message.h"
#include "root_path.h"

int open_slave(int master) {
  int unlocked = 0;
  int result = as_result(ioctl(master, TIOCSPTLCK, &unlocked));
  return result < 0 ? result : as_result(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

/* The slave is opened through the master, never by a path that the container could have prepared (CVE-2025-52565). */
int open_terminal(struct context *c, int *slave) {
  struct statfs fs_info;
  int folder = root_open(c, "dev/pts", O_DIRECTORY, NO_LINKS);
  int result = folder < 0 ? folder : as_result(fstatfs(folder, &fs_info));
  /* Opening a device may have effects, so its filesystem is checked before. */
  if (result == 0 && fs_info.f_type != DEVPTS_MAGIC) result = -EXDEV;
  uint64_t resolve = RESOLVE_BENEATH_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_XDEV_;
  int master = result < 0 ? result : sys_openat2(folder, "ptmx", O_RDWR | O_NOCTTY, 0, resolve);
  if (folder >= 0) close(folder);
  if (master < 0) return master;
  result = open_slave(master);
  if (result < 0) {
    close(master);
    return result;
  }
  *slave = result;
  return master;
}

int bind_console(struct context *c, int terminal) {
  int target = root_open_or_make(c, "/dev/console", false, NO_LINKS);
  if (target < 0) return target;
  int tree = sys_open_tree(terminal, "", AT_EMPTY_PATH | OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_);
  int result = tree;
  if (tree >= 0) result = sys_move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_);
  if (tree >= 0) close(tree);
  close(target);
  return result;
}

int become_streams(int terminal) {
  int result = 0;
  for (int fd = 0; fd <= 2 && result >= 0; fd++) result = as_result(dup2(terminal, fd));
  return result < 0 ? result : 0;
}

int take_terminal(struct context *c, int master, int slave, int result) {
  struct message message = {.type = MESSAGE_CONSOLE, .stage = c->stage};
  if (result == 0) result = message_send(c->sync_fd, &message, master);
  close(master);
  if (result == 0) result = as_result(ioctl(slave, TIOCSCTTY, 0));
  if (result == 0) result = become_streams(slave);
  if (slave > 2) close(slave);
  return result;
}
