/* Operations of an Intermediate that then executes criu: its mounts, and the descriptors passed to it. */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/message.h"

int op_bind_host(struct context *c, const struct field *f) {
  (void)c;
  struct mount_attr_v0 attr = {.attr_set = f[F_bind_host_attrs_set].number};
  int result = as_result(mount(f[F_bind_host_source].text, f[F_bind_host_target].text, NULL, MS_BIND | MS_REC, NULL));
  return result < 0 ? result : sys_mount_setattr(AT_FDCWD, f[F_bind_host_target].text, 0, &attr);
}

int op_drop_root(struct context *c, const struct field *f) {
  (void)f;
  /* By descriptor, because another mount may cover the path by now. */
  int result = as_result(fchdir(c->root_fd));
  if (result == 0) result = as_result(umount2(".", MNT_DETACH));
  if (result == 0) result = as_result(chdir("/"));
  close(c->root_fd);
  c->root_fd = -1;
  return result;
}

/* Makes `fd` the next program's descriptor `wanted`, which must not be one of the stage's own. */
static int place(const struct context *c, int fd, int wanted) {
  int own[STAGE_DESCRIPTORS];
  stage_descriptors(c, own);
  for (int i = 0; i < STAGE_DESCRIPTORS; i++) {
    if (own[i] == wanted) return -EBUSY;
  }
  int result = as_result(dup2(fd, wanted));
  return result < 0 ? result : 0;
}

int op_open_as(struct context *c, const struct field *f) {
  int fd = as_result(open(f[F_open_as_path].text, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = place(c, fd, (int)f[F_open_as_fd].number);
  close(fd);
  return result;
}

int op_criu_socket(struct context *c, const struct field *f) {
  int pair[2];
  struct message message = {.type = MESSAGE_SOCKET, .stage = c->stage};
  int result = as_result(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
  if (result < 0) return result;
  result = place(c, pair[1], (int)f[F_criu_socket_fd].number);
  if (result == 0) result = message_send(c->sync_fd, &message, pair[0]);
  close(pair[0]);
  close(pair[1]);
  return result;
}
