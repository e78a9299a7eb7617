#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/signals.h"
#include "../session/agent_client.h"
#include "../session/frame.h"
#include "agent.h"
#include "limits.h"
#include "processes.h"
#include "report.h"
#include "touch.h"
#include "vsock.h"

enum { BACKLOG = 128, FRAME_MS = 10000 };

int serve_listen(void) {
  /* Only root of the guest could have taken this port before, and nobody can while it is ours. */
  struct vsock_address address = {.family = AF_VSOCK, .cid = CID_ANY, .port = AGENT_PORT};
  int fd = as_result(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  int result = as_result(bind(fd, (struct sockaddr *)&address, sizeof address));
  if (result == 0) result = as_result(listen(fd, BACKLOG));
  if (result == 0) return fd;
  close(fd);
  return result;
}

/* The guest's own users can reach the port too; only the host is served. */
static bool is_host(const struct vsock_address *peer) { return peer->family != AF_VSOCK || peer->cid == CID_HOST; }

void serve_accept(int listener, const struct guest *guest) {
  struct vsock_address peer = {0};
  socklen_t size = sizeof peer;
  int connection = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
  if (connection < 0) return;
  pid_t pid = is_host(&peer) ? fork() : -1;
  if (pid == 0) {
    close(listener);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    serve(connection, guest);
  }
  close(connection);
}

static void send_signal(pid_t pid, void *number) { kill(pid, *(int *)number); }

static int signal_guest(const struct guest *guest, const uint8_t *payload) {
  uint32_t number = read_le32(payload), all = read_le32(payload + 4);
  if (number > LAST_SIGNAL) return -EINVAL;
  int value = (int)number;
  return all ? each_process(guest->cgroup, send_signal, &value) : sys_pidfd_send_signal(guest->pidfd, value);
}

static int limit_guest(const struct guest *guest, const uint8_t *payload) {
  struct limits limits = {read_le64(payload), read_le64(payload + 8), read_le64(payload + 16)};
  int result = limits_set(guest->cgroup, &limits);
  if (result == 0 && limits.memory > 0) limits_give_back();
  return result;
}

static void reply(int connection, int32_t result, uint8_t *bytes, uint32_t size) {
  write_le32(bytes, (uint32_t)result);
  agent_send(connection, FRAME_REPLY, bytes, 4 + size);
  /* Data in flight may be lost when a connection is closed, so the other side closes first. */
  uint8_t end;
  while (recv(connection, &end, 1, 0) > 0) continue;
}

static int receive_payload(int connection, uint32_t size, uint8_t **payload) {
  *payload = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (*payload == MAP_FAILED) return -ENOMEM;
  for (uint32_t have = 0; have < size;) {
    ssize_t n = recv(connection, *payload + have, size - have, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -EPIPE;
    have += (uint32_t)n;
  }
  return 0;
}

/* Handles changes one by one until the VMM has gone. To the guest's kernel a mount below the root is another
 * filesystem, and a separate mount in each mount namespace. The watchers are in the container's namespace, so the
 * files are touched there. */
static void serve_changes(int connection, const struct guest *guest, const struct frame *first,
                          const uint8_t *payload) {
  static uint8_t bytes[CHANGED_MAX];
  uint8_t answer[4];
  struct frame frame = *first;
  if (setns(guest->pidfd, CLONE_NEWNS) < 0) return; /* process 1 has ended */
  for (;;) {
    write_le32(answer, (uint32_t)touch_changed("/", payload, frame.size));
    if (agent_send(connection, FRAME_REPLY, answer, sizeof answer) < 0) return;
    struct pollfd next = {.fd = connection, .events = POLLIN};
    if (poll(&next, 1, -1) < 0 || agent_receive(connection, &frame, bytes, sizeof bytes, FRAME_MS) < 0) return;
    if (frame.type != FRAME_CHANGED) return;
    payload = bytes;
  }
}

_Noreturn void serve(int connection, const struct guest *guest) {
  static uint8_t bytes[FRAME_MAX];
  uint8_t header[FRAME_HEADER], *payload = NULL;
  struct frame frame;
  int result = agent_send(connection, FRAME_HELLO, NULL, 0);
  ssize_t n = result < 0 ? -1 : recv(connection, header, sizeof header, MSG_WAITALL);
  if (n != sizeof header || frame_parse(header, &frame, EXEC_MAX) < 0) _exit(1);
  if (frame.size && receive_payload(connection, frame.size, &payload) < 0) _exit(1);
  switch (frame.type) {
    case FRAME_EXEC: serve_exec(connection, guest, payload, frame.size);
    case FRAME_SOCKET: serve_socket(connection, guest, read_le32(payload));
    case FRAME_CHANGED: serve_changes(connection, guest, &frame, payload); break;
    case FRAME_SIGNAL: reply(connection, signal_guest(guest, payload), bytes, 0); break;
    case FRAME_LIMITS: reply(connection, limit_guest(guest, payload), bytes, 0); break;
    case FRAME_FIGURES: reply(connection, 0, bytes, report_figures(guest, bytes + 4)); break;
    case FRAME_PROCESSES: reply(connection, 0, bytes, report_processes(guest, bytes + 4, sizeof bytes - 4)); break;
    default: break;
  }
  _exit(EXIT_IDLE);
}
