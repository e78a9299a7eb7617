/* Operations that only the guest agent runs, inside a microVM. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/root_path.h"
#include "../common/terminal.h"
#include "agent.h"

int op_open_root_tree(struct context *c, const struct field *f) {
  if (f[F_open_root_tree_slot].number >= TREE_SLOTS) return -EINVAL;
  /* O_DIRECTORY first: only then does the lookup cross into a mount of the host, which virtiofs shows as a submount. */
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

/* Before pivot_root, the path still leads to the agent's own /dev. */
int op_guest_disk(struct context *c, const struct field *f) {
  struct stat disk;
  int fd = as_result(open(f[F_guest_disk_path].text, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = as_result(fstat(fd, &disk));
  close(fd);
  if (result < 0) return result;
  if (!S_ISBLK(disk.st_mode)) return -ENOTBLK;
  const struct field node[] = {
      [F_mknod_path] = {.text = f[F_guest_disk_path].text},
      [F_mknod_mode] = {.number = S_IFBLK | 0600},
      [F_mknod_major] = {.number = major(disk.st_rdev)},
      [F_mknod_minor] = {.number = minor(disk.st_rdev)},
      [F_mknod_gid] = {.number = 0},
  };
  return op_mknod(c, node);
}

struct winsize console_size;

/* The terminal is of the container's devpts, and also bound to /dev/console: the process finds it by both names. */
int op_guest_console(struct context *c, const struct field *f) {
  int slave, master = open_terminal(c, &slave);
  if (master < 0) return master;
  int result = as_result(ioctl(slave, TIOCSWINSZ, &console_size));
  if (result == 0) result = as_result(fchown(slave, (uid_t)f[F_guest_console_uid].number, (gid_t)-1));
  if (result == 0) result = bind_console(c, slave);
  return take_terminal(c, master, slave, result);
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
