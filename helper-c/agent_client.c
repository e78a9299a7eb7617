#include "agent_client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"

enum { RETRY_MS = 20, SEND_PATIENCE_S = 30 };

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static int left_ms(int64_t end) {
  int64_t left = end - now_ms();
  return left > 0 ? (int)left : 0;
}

/* Neither a VMM that takes no connection nor one that reads nothing may hold us up: a connection that would have to wait
 * fails with EAGAIN, and so does a send after its time. */
static int open_socket(int folder) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval patience = {.tv_sec = SEND_PATIENCE_S};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/agent.sock", folder);
  int fd = as_result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd < 0) return fd;
  int result = as_result(connect(fd, (struct sockaddr *)&address, sizeof address));
  if (result == 0) result = as_result(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
  if (result == 0) result = as_result(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience));
  if (result == 0) return fd;
  close(fd);
  return result;
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

/* Between two tries: true when the VMM has ended by then. */
static bool ends_meanwhile(int vmm) {
  struct pollfd wait = {.fd = vmm, .events = POLLIN};
  return poll(&wait, 1, RETRY_MS) > 0;
}

int agent_connect(int folder, int vmm, int timeout_ms) {
  int64_t end = now_ms() + timeout_ms;
  for (;;) {
    int fd = open_socket(folder);
    if (fd >= 0) {
      uint8_t payload[4];
      struct frame frame;
      /* A guest whose agent does not listen yet refuses, and the VMM then closes what it has accepted. */
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
  while (size > 0) {
    ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
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

int agent_request(int folder, int vmm, enum frame_type type, const void *payload, uint32_t payload_size,
                  uint8_t *reply, uint32_t *size, int timeout_ms) {
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
