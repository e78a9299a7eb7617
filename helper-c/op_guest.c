/* Operations that only the guest agent runs, inside a microVM. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "context.h"
#include "kernel.h"
#include "message.h"
#include "root_path.h"

int op_open_root_tree(struct context *c, const struct field *f) {
  if (f[2].number >= TREE_SLOTS) return -EINVAL;
  /* As a folder first: only so does the lookup cross into a mount of the host's, which virtiofs shows as a submount. */
  int fd = root_open(c, f[0].text, O_DIRECTORY, FOLLOW_LINKS);
  if (fd == -ENOTDIR) fd = root_open(c, f[0].text, 0, FOLLOW_LINKS);
  if (fd < 0) return fd;
  unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | (f[1].number ? AT_RECURSIVE : 0);
  int tree = sys_open_tree(fd, "", flags);
  close(fd);
  if (tree < 0) return tree;
  c->trees[f[2].number] = tree + 1;
  return 0;
}

int op_guest_console(struct context *c, const struct field *f) {
  int target = root_open_or_make(c, "/dev/console", false, NO_LINKS);
  if (target < 0) return target;
  int result = as_result(fchown(STDIN_FILENO, (uid_t)f[0].number, (gid_t)-1));
  int tree = result < 0 ? result : sys_open_tree(STDIN_FILENO, "", AT_EMPTY_PATH | OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_);
  if (tree >= 0) result = sys_move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_);
  else result = tree;
  if (tree >= 0) close(tree);
  close(target);
  /* 1: it is libkrun's guest init that has it so far. */
  return result < 0 ? result : as_result(ioctl(STDIN_FILENO, TIOCSCTTY, 1));
}

int op_guest_terminal(struct context *c, const struct field *f) {
  int slave, master = open_terminal(c, &slave);
  if (master < 0) return master;
  struct winsize size = {.ws_row = (unsigned short)f[0].number, .ws_col = (unsigned short)f[1].number};
  int result = as_result(ioctl(slave, TIOCSWINSZ, &size));
  if (result == 0) result = as_result(fchown(slave, (uid_t)f[2].number, (gid_t)-1));
  struct message message = {.type = MESSAGE_CONSOLE, .stage = c->stage};
  if (result == 0) result = message_send(c->sync_fd, &message, master);
  close(master);
  if (result == 0) result = as_result(ioctl(slave, TIOCSCTTY, 0));
  for (int fd = 0; fd <= 2 && result >= 0; fd++) result = as_result(dup2(slave, fd));
  if (slave > 2) close(slave);
  return result < 0 ? result : 0;
}
