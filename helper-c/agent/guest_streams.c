/* The standard streams of the container's own process. The agent connects to the VMM (helper-c/vmm/vmm_streams.c)
 * before it starts the process. A separate process relays them, as for processes that the host executes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/message.h"
#include "../common/terminal.h"
#include "../session/agent_client.h"
#include "agent.h"
#include "session.h"
#include "vsock.h"

enum { SIZE_PATIENCE_MS = 30000, PATIENCE_S = 30 };

/* SO_VM_SOCKETS_CONNECT_TIMEOUT (vsock(7), linux/vm_sockets.h). */
#define VSOCK_CONNECT_TIMEOUT 6

static struct session session;

static int connect_to_host(void) {
  struct vsock_address address = {.family = AF_VSOCK, .cid = CID_HOST, .port = STREAMS_PORT};
  int fd = as_result(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  /* The kernel's default is two seconds, and the VMM accepts only one connection. */
  struct timeval patience = {.tv_sec = PATIENCE_S};
  setsockopt(fd, AF_VSOCK, VSOCK_CONNECT_TIMEOUT, &patience, sizeof patience);
  int result = as_result(connect(fd, (struct sockaddr *)&address, sizeof address));
  if (result == 0) return fd;
  close(fd);
  return result;
}

/* Before the process starts, because it may ask for the size at once. */
static int receive_size(int connection) {
  uint8_t payload[8];
  struct frame frame;
  int result = agent_receive(connection, &frame, payload, sizeof payload, SIZE_PATIENCE_MS);
  if (result == 0 && frame.type != FRAME_RESIZE) result = -EBADMSG;
  if (result < 0) return result;
  console_size.ws_row = (unsigned short)read_le32(payload);
  console_size.ws_col = (unsigned short)read_le32(payload + 4);
  return 0;
}

int streams_open(struct streams *s, const struct plan *plan) {
  *s = (struct streams){.program = {-1, -1, -1}, .sync = {-1, -1}, .terminal = plan_has(plan, OP_guest_console)};
  session.child = session.master = -1;
  session.follows_clock = true;
  int connection = connect_to_host();
  if (connection < 0) return connection;
  pump_init(&session.pump, connection);
  if (!s->terminal) return session_open_pipes(&session, s->program, plan_user(plan));
  int result = receive_size(connection);
  return result < 0 ? result : as_result(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->sync));
}

int streams_enter(const struct streams *s) {
  int result = 0;
  for (int number = 0; number < 3 && result >= 0 && !s->terminal; number++) {
    result = as_result(dup2(s->program[number], number));
  }
  return result < 0 ? result : 0;
}

/* Receives the master. If the process failed before it had a terminal, it has reported why. */
static void await_terminal(const struct streams *s) {
  static struct message message;
  int passed = -1, n;
  while ((n = socket_receive(s->sync[0], &message, sizeof message, 0, &passed)) == -EINTR) continue;
  if (n > 0 && message.type == MESSAGE_CONSOLE) session.master = passed;
}

static void begin_terminal(void) {
  if (session.master < 0) { /* there will be no output */
    pump_send(&session.pump, FRAME_END, STDOUT_FILENO, NULL, 0);
    return;
  }
  /* A process may close its terminal and reopen it by name: this descriptor keeps it from hanging up. */
  open_slave(session.master);
  session_use_terminal(&session);
}

static void close_ours(struct streams *s) {
  for (int i = 0; i < 3; i++) {
    if (s->program[i] >= 0) close(s->program[i]);
    if (session.pump.sinks[i].fd >= 0) close(session.pump.sinks[i].fd);
    if (session.pump.sources[i].fd >= 0) close(session.pump.sources[i].fd);
  }
  for (int i = 0; i < 2; i++) {
    if (s->sync[i] >= 0) close(s->sync[i]);
  }
  if (session.master >= 0) close(session.master);
  close(session.pidfd);
  close(session.pump.wire);
}

int streams_relay(struct streams *s, pid_t program) {
  if (s->sync[1] >= 0) close(s->sync[1]);
  s->sync[1] = -1;
  if (s->terminal) await_terminal(s);
  session.pidfd = sys_pidfd_open(program);
  if (session.pidfd < 0) return session.pidfd;
  s->relay = fork();
  if (s->relay == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
      if (s->program[i] >= 0) close(s->program[i]);
    }
    if (s->terminal) begin_terminal();
    session_relay(&session);
  }
  int result = s->relay < 0 ? -errno : 0;
  close_ours(s);
  return result;
}

void streams_drain(const struct streams *s) {
  while (waitpid(s->relay, NULL, 0) < 0 && errno == EINTR) continue;
}
