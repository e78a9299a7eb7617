/* Who gets descriptors from a runtime: `fd_receiver PATH` listens there, says "listening", and for each connection prints the
 * text that comes as a line. With a terminal's master it types "hello\n" and copies its output; to a seccomp listener it
 * is an agent that prints "asked NUMBER of PID's NAME" for each call, and makes it fail with EDQUOT. Ends with its input. */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST = 16 };

static struct pollfd fds[MOST] = {{.fd = 0, .events = POLLIN}};
static int count = 2;

static int take(int connection) {
  static char text[16384];
  char space[CMSG_SPACE(sizeof(int))];
  struct iovec part = {text, sizeof text - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  ssize_t n = recvmsg(connection, &message, 0);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  int fd = -1;
  if (n < 0 || !header || header->cmsg_type != SCM_RIGHTS) return -1;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  text[n] = 0;
  printf("%s\n", text);
  fflush(stdout);
  return fd;
}

static void add(int connection) {
  int fd = take(connection);
  close(connection);
  if (fd < 0 || count == MOST) exit(1);
  if (isatty(fd) && write(fd, "hello\n", 6) != 6) exit(1);
  fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void answer(struct pollfd *listener) {
  struct seccomp_notif request = {0};
  char path[64], name[64] = "";
  if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) {
    if (errno != ENOENT && errno != EINTR) listener->fd = -1;
    return;
  }
  snprintf(path, sizeof path, "/proc/%u/comm", request.pid);
  FILE *comm = fopen(path, "r");
  if (comm && fgets(name, sizeof name, comm)) name[strcspn(name, "\n")] = 0;
  if (comm) fclose(comm);
  printf("asked %d of %u's %s\n", request.data.nr, request.pid, name);
  fflush(stdout);
  struct seccomp_notif_resp response = {.id = request.id, .error = -EDQUOT};
  ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void copy(struct pollfd *master) {
  char bytes[4096];
  ssize_t n = read(master->fd, bytes, sizeof bytes);
  if (n > 0) fwrite(bytes, 1, (size_t)n, stdout);
  else master->fd = -1;
  fflush(stdout);
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (argc != 2) return 2;
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0) return 1;
  fds[1] = (struct pollfd){.fd = listener, .events = POLLIN};
  puts("listening");
  fflush(stdout);
  while (poll(fds, (nfds_t)count, -1) > 0 || errno == EINTR) {
    int known = count;
    if (fds[0].revents) return 0;
    if (fds[1].revents) add(accept(listener, NULL, NULL));
    for (int i = 2; i < known; i++) {
      if (!fds[i].revents) continue;
      if (isatty(fds[i].fd)) copy(&fds[i]);
      else if (fds[i].revents & POLLIN) answer(&fds[i]);
      else fds[i].fd = -1; /* the last process with the filter has ended */
    }
  }
  return 1;
}
