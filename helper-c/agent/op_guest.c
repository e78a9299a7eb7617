/* Operations that only the guest agent runs, inside a microVM. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/root_path.h"
#include "../common/terminal.h"

int op_open_root_tree(struct context *c, const struct field *f) {
  if (f[F_open_root_tree_slot].number >= TREE_SLOTS) return -EINVAL;
  /* As a folder first: only so does the lookup cross into a mount of the host's, which virtiofs shows as a submount. */
  int end = f[F_open_root_tree_no_follow].number ? O_NOFOLLOW : 0;
  int fd = root_open(c, f[F_open_root_tree_path].text, O_DIRECTORY | end, FOLLOW_LINKS);
  if (fd == -ENOTDIR) fd = root_open(c, f[F_open_root_tree_path].text, end, FOLLOW_LINKS);
  if (fd < 0) return fd;
  unsigned flags =
      AT_EMPTY_PATH | OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_ | (f[F_open_root_tree_recursive].number ? AT_RECURSIVE : 0);
  int tree = sys_open_tree(fd, "", flags);
  close(fd);
  if (tree < 0) return tree;
  c->trees[f[F_open_root_tree_slot].number] = tree + 1;
  return 0;
}

/* The console of the VM, which libkrun's guest init has opened for us: again, out of this mount namespace, for what is
 * mounted in another cannot be bound. */
static int open_console(uid_t owner) {
  int fd = as_result(open("/dev/hvc0", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = as_result(fchown(fd, owner, (gid_t)-1));
  /* 1: it is libkrun's guest init that has it so far. */
  if (result == 0) result = as_result(ioctl(fd, TIOCSCTTY, 1));
  if (result == 0) result = become_streams(fd);
  if (result >= 0) return fd;
  close(fd);
  return result;
}

int op_guest_console(struct context *c, const struct field *f) {
  int console = open_console((uid_t)f[F_guest_console_uid].number);
  if (console < 0) return console;
  int result = bind_console(c, console);
  close(console);
  return result;
}

int op_guest_terminal(struct context *c, const struct field *f) {
  int slave, master = open_terminal(c, &slave);
  if (master < 0) return master;
  struct winsize size = {.ws_row = (unsigned short)f[F_guest_terminal_rows].number,
                         .ws_col = (unsigned short)f[F_guest_terminal_columns].number};
  int result = as_result(ioctl(slave, TIOCSWINSZ, &size));
  if (result == 0) result = as_result(fchown(slave, (uid_t)f[F_guest_terminal_uid].number, (gid_t)-1));
  return take_terminal(c, master, slave, result);
}
