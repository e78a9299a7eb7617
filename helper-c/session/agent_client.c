#include "agent_client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/kernel.h"
#include "../common/message.h"

enum { RETRY_MS = 20, SEND_PATIENCE_MS = 30000 };

/* A descriptor of the socket itself. A symlink is refused, because it could point to any other socket. */
static int find_socket(int folder) {
  struct stat info;
  int found = as_result(openat(folder, AGENT_SOCKET, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (found < 0) return found;
  int result = as_result(fstat(found, &info));
  if (result == 0 && !S_ISSOCK(info.st_mode)) result = -ENOTSOCK;
  if (result == 0) return found;
  close(found);
  return result;
}

/* A request must not reach another VM: the listener's pid, in this pid namespace, must be `pid`. */
static int check_peer(int fd, pid_t pid) {
  struct ucred peer;
  int domain, type;
  socklen_t size = sizeof peer, number = sizeof domain;
  int result = as_result(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size));
  if (result == 0) result = as_result(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &number));
  if (result == 0) result = as_result(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &number));
  if (result < 0) return result;
  return pid > 0 && peer.pid == pid && domain == AF_UNIX && type == SOCK_STREAM ? 0 : -EPERM;
}

/* connect(2) must not block if a VMM accepts no connection: it fails with EAGAIN. A VMM that does not read is
 * handled when sending, because the VMM shares the socket and could change timeouts set here. */
static int connect_by(int found, pid_t pid) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", found);
  int fd = as_result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd < 0) return fd;
  int result = as_result(connect(fd, (struct sockaddr *)&address, sizeof address));
  if (result == 0) result = check_peer(fd, pid);
  if (result == 0) return fd;
  close(fd);
  return result;
}

static int connect_in(int folder, pid_t pid) {
  int found = find_socket(folder);
  if (found < 0) return found;
  int fd = connect_by(found, pid);
  close(found);
  return fd;
}

int agent_connect_own(int folder) { return connect_in(folder, getpid()); }

/* The pid, in this namespace, of a pidfd's process: -ESRCH if it has none any more. */
static int pid_of(int pidfd) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  int fd = as_result(open(path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = 0;
  const char *line = strstr(text, "\nPid:");
  int pid = line ? atoi(line + strlen("\nPid:")) : 0;
  return pid > 0 ? pid : -ESRCH;
}

/* Receives the descriptor that comes with one byte: -ECONNREFUSED if the other side sends none. */
static int receive_descriptor(int fd, int64_t end) {
  for (;;) {
    char byte;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready = as_result(poll(&wait, 1, left_ms(end))), passed;
    if (ready == -EINTR) continue;
    if (ready <= 0) return ready < 0 ? ready : -ETIMEDOUT;
    int n = socket_receive(fd, &byte, 1, MSG_DONTWAIT, &passed);
    if (n == -EINTR || n == -EAGAIN) continue;
    return n > 0 && passed >= 0 ? passed : -ECONNREFUSED;
  }
}

/* The VMM may cheat at both steps: the descriptor that it sends must lead to itself as well. */
static int through_door(int folder, int vmm, int64_t end) {
  int pid = pid_of(vmm);
  int door = pid < 0 ? pid : connect_in(folder, pid);
  if (door < 0) return door;
  int fd = receive_descriptor(door, end);
  close(door);
  if (fd < 0) return fd;
  int result = check_peer(fd, pid);
  if (result == 0) return fd;
  close(fd);
  return result;
}

static int open_socket(int folder, int vmm, int64_t end) {
  return vmm < 0 ? agent_connect_own(folder) : through_door(folder, vmm, end);
}

static int receive_exactly(int fd, uint8_t *bytes, size_t size, int64_t end) {
  while (size > 0) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready = as_result(poll(&wait, 1, left_ms(end)));
    if (ready == -EINTR) continue;
    if (ready <= 0) return ready < 0 ? ready : -ETIMEDOUT;
    ssize_t n = recv(fd, bytes, size, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return -EPIPE;
    bytes += n;
    size -= (size_t)n;
  }
  return 0;
}

int agent_receive(int connection, struct frame *frame, uint8_t *payload, uint32_t size, int timeout_ms) {
  uint8_t header[FRAME_HEADER];
  int64_t end = now_ms() + timeout_ms;
  int result = receive_exactly(connection, header, sizeof header, end);
  if (result == 0) result = frame_parse(header, frame, size < FRAME_MAX ? size : FRAME_MAX);
  if (result == 0) result = receive_exactly(connection, payload, frame->size, end);
  frame->payload = payload;
  return result;
}

/* Waits between two attempts: true if the VMM has ended. */
static bool ends_meanwhile(int vmm) {
  struct pollfd wait = {.fd = vmm, .events = POLLIN};
  return poll(&wait, 1, RETRY_MS) > 0;
}

int agent_connect(int folder, int vmm, int timeout_ms) {
  int64_t end = now_ms() + timeout_ms;
  for (;;) {
    int fd = open_socket(folder, vmm, end);
    if (fd >= 0) {
      uint8_t payload[4];
      struct frame frame;
      /* A guest whose agent has ended refuses, and the VMM closes the connection that it has accepted. */
      int result = agent_receive(fd, &frame, payload, 0, left_ms(end));
      if (result == 0 && frame.type == FRAME_HELLO) return fd;
      close(fd);
      if (result == 0 || result == -EBADMSG) return -EBADMSG;
    } else if (fd != -ENOENT && fd != -ECONNREFUSED && fd != -EAGAIN && fd != -EINTR) {
      return fd;
    }
    if (left_ms(end) == 0) return -ETIMEDOUT;
    if (ends_meanwhile(vmm)) return -ESRCH;
  }
}

int agent_send_bytes(int fd, const uint8_t *bytes, size_t size) {
  int64_t end = now_ms() + SEND_PATIENCE_MS;
  while (size > 0) {
    ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EINTR && errno != EAGAIN) return -errno;
    if (n < 0 && left_ms(end) == 0) return -EAGAIN;
    if (n < 0) poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, left_ms(end));
    if (n < 0) continue;
    bytes += n;
    size -= (size_t)n;
  }
  return 0;
}

int agent_send(int connection, enum frame_type type, const void *payload, uint32_t size) {
  uint8_t header[FRAME_HEADER];
  frame_header(header, type, 0, size);
  int result = agent_send_bytes(connection, header, sizeof header);
  return result < 0 ? result : agent_send_bytes(connection, payload, size);
}

int agent_request(int folder, int vmm, enum frame_type type, const void *payload, uint32_t payload_size, uint8_t *reply,
                  uint32_t *size, int timeout_ms) {
  static uint8_t bytes[FRAME_MAX];
  int64_t end = now_ms() + timeout_ms;
  struct frame frame;
  int connection = agent_connect(folder, vmm, timeout_ms);
  if (connection < 0) return connection;
  int result = agent_send(connection, type, payload, payload_size);
  if (result == 0) result = agent_receive(connection, &frame, bytes, sizeof bytes, left_ms(end));
  close(connection);
  if (result < 0) return result;
  if (frame.type != FRAME_REPLY || frame.size - 4 > *size) return -EBADMSG;
  *size = frame.size - 4;
  memcpy(reply, bytes + 4, *size);
  int32_t answer = (int32_t)read_le32(bytes);
  return answer > 0 || answer < -4095 ? -EBADMSG : answer;
}
