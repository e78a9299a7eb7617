#include "notify.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/message.h"
#include "shim.h"

/* The maximum that systemd accepts. */
enum { LONGEST = 4096, PATIENCE_S = 5 };

/* `address` has the form of NOTIFY_SOCKET: a path, or @ and an abstract name (unix(7)). */
static int manager_address(const char *address, struct sockaddr_un *to, socklen_t *length) {
  size_t size = strlen(address);
  *to = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (size >= sizeof to->sun_path) return -ENAMETOOLONG;
  memcpy(to->sun_path, address, size);
  if (*address == '@') to->sun_path[0] = 0;
  *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (*address == '/'));
  return 0;
}

int kago_notify_connect(const char *address) {
  struct sockaddr_un to;
  socklen_t length;
  struct timeval patience = {.tv_sec = PATIENCE_S};
  int result = manager_address(address, &to, &length);
  int fd = result < 0 ? result : as_result(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  result = as_result(connect(fd, (struct sockaddr *)&to, length));
  /* A manager that does not read must not block kago forever. */
  if (result == 0) result = as_result(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience));
  if (result == 0) return fd;
  close(fd);
  return result;
}

int kago_notify_listen(const char *path) {
  struct sockaddr_un address;
  int result = unix_address(path, &address);
  if (result < 0) return result;
  /* An earlier `start` may have left the socket. */
  unlink(path);
  int fd = as_result(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  result = as_result(bind(fd, (struct sockaddr *)&address, sizeof address));
  /* The program may send as any user of the container. */
  if (result == 0) result = as_result(chmod(path, 0777));
  if (result == 0) return fd;
  close(fd);
  return result;
}

static bool may_be_told(const char *names, const char *line, size_t length) {
  for (const char *name = names; *name;) {
    size_t size = strcspn(name, " ");
    if (size > 0 && length > size && memcmp(line, name, size) == 0) return true;
    name += size + (name[size] == ' ');
  }
  return false;
}

int notify_pass(const struct notify *n, int main_pid) {
  char told[LONGEST], passed[LONGEST + sizeof "MAINPID=4294967295\n"];
  size_t size = 0;
  bool ready = false;
  /* Descriptors in the datagram are closed by the kernel, because there is no room for them. */
  ssize_t length = recv(n->inside, told, sizeof told, MSG_DONTWAIT | MSG_TRUNC);
  if (length <= 0 || (size_t)length > sizeof told) return 0;
  for (const char *line = told, *end = told + length; line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    size_t rest = (size_t)((newline ? newline : end) - line);
    if (may_be_told(n->names, line, rest) && size + rest + 1 <= LONGEST) {
      memcpy(passed + size, line, rest);
      size += rest;
      passed[size++] = '\n';
      ready |= rest == strlen("READY=1") && memcmp(line, "READY=1", rest) == 0;
    }
    line += rest + 1;
  }
  if (ready) size += (size_t)snprintf(passed + size, sizeof passed - size, "MAINPID=%d\n", main_pid);
  if (size > 0) send(n->manager, passed, size, MSG_NOSIGNAL);
  return ready;
}

/* Returns when the manager has processed all earlier notifications: it looks up their sender, which is about to end
 * (sd_notify_barrier(3)). */
static void await_manager(int manager) {
  static const char text[] = "BARRIER=1";
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return;
  bool sent = socket_send(manager, text, strlen(text), 0, ends[1]) > 0;
  close(ends[1]);
  struct pollfd hung_up = {.fd = ends[0]};
  if (sent) poll(&hung_up, 1, PATIENCE_S * 1000);
  close(ends[0]);
}

int kago_notify_wait(int inside, int manager, int pid, const char *names) {
  const struct notify notify = {inside, manager, names};
  int pidfd = kago_pidfd_open(pid);
  if (pidfd == -ESRCH) return 0;
  if (pidfd < 0) return pidfd;
  int ready = 0;
  for (int late = 0; !ready;) {
    struct pollfd fds[] = {{.fd = inside, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[0].revents) ready = notify_pass(&notify, pid);
    if (fds[1].revents && (!fds[0].revents || ++late > NOTIFY_LATE)) break;
  }
  if (ready) await_manager(manager);
  close(pidfd);
  return ready;
}
