/* A process that the host executes in the container, and its streams. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/message.h"
#include "../common/signals.h"
#include "../session/agent_client.h"
#include "agent.h"
#include "follow_clock.h"
#include "serve.h"
#include "session.h"

enum { PLAN_AT = 4, CGROUP_LINE = 256, CGROUP_FOLDER = CGROUP_LINE + sizeof "/sys/fs/cgroup", MOVES = 8 };

/* The folder of process 1's cgroup; false if it cannot be read, or is not below the container's. */
static bool find_program_cgroup(const struct guest *guest, char *folder) {
  char path[64], line[CGROUP_LINE] = "";
  snprintf(path, sizeof path, "/proc/%d/cgroup", (int)guest->program);
  int fd = as_result(open(path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return false;
  ssize_t size = read(fd, line, sizeof line - 1);
  close(fd);
  if (size <= 0 || strncmp(line, "0::/", 4) != 0 || !strchr(line, '\n')) return false;
  *strchr(line, '\n') = 0;
  snprintf(folder, CGROUP_FOLDER, "/sys/fs/cgroup%s", line + strlen("0::"));
  return strncmp(folder, guest->cgroup, strlen(guest->cgroup)) == 0;
}

/* Joins the container's cgroup, unless this process was born in `born`, and follows process 1 to one below it. systemd
 * moves to such a cgroup, with all processes that it finds, and enables the container's controllers for it. From then
 * on, cgroup2 allows no process in the container's own cgroup (cgroups(7), "no internal processes"), and before, one
 * that is left there prevents it. */
static int join_container(const struct guest *guest, const char *born) {
  char folder[CGROUP_FOLDER], joined[CGROUP_FOLDER];
  snprintf(joined, sizeof joined, "%s", born ? born : guest->cgroup);
  int result = born ? 0 : join_cgroup(joined);
  for (int moves = 0; moves < MOVES && find_program_cgroup(guest, folder); moves++) {
    if ((result < 0 && result != -EBUSY) || strcmp(folder, joined) == 0) return result;
    int followed = join_cgroup(folder);
    if (followed < 0 && followed != -EBUSY) return result;
    result = followed;
    memcpy(joined, folder, sizeof joined);
  }
  return result;
}

/* In the child: becomes the program, or reports through `sync` why it could not. */
static _Noreturn void start(const struct guest *guest, const char *born, const struct plan *plan, const int *streams,
                            int sync) {
  reset_signals();
  int result = 0;
  for (int fd = 0; fd < 3 && result >= 0 && streams; fd++) result = as_result(dup2(streams[fd], fd));
  if (result >= 0) result = join_container(guest, born);
  if (result >= 0) result = as_result(setns(guest->pidfd, CLONE_NEWCGROUP));
  if (result >= 0) result = as_result(setns(guest->pidfd, CLONE_NEWNS));
  if (result >= 0) become_tenant(plan, sync);
  struct message message = {.type = MESSAGE_FAILED, .value = UINT32_MAX, .error = -result};
  message_send(sync, &message, -1);
  _exit(1);
}

/* A child in the cgroup of process 1, unless the kernel refuses that: then `born` is NULL in the child. */
static pid_t fork_beside(const struct guest *guest, char folder[CGROUP_FOLDER], const char **born) {
  if (!find_program_cgroup(guest, folder)) snprintf(folder, CGROUP_FOLDER, "%s", guest->cgroup);
  pid_t pid = clone_in_cgroup(folder, 0);
  *born = pid < 0 ? NULL : folder;
  return pid < 0 ? as_result(fork()) : pid;
}

/* `size` is that of the findings, in bytes. */
static _Noreturn void fail_with(int connection, const struct failure *failure, size_t size) {
  static uint8_t payload[FAILED_MAX];
  uint8_t end;
  fcntl(connection, F_SETFL, fcntl(connection, F_GETFL) & ~O_NONBLOCK);
  write_le32(payload, failure->head.value);
  write_le32(payload + 4, (uint32_t)failure->head.error);
  memcpy(payload + FAILED_MIN, failure->findings, size);
  agent_send(connection, FRAME_FAILED, payload, (uint32_t)(FAILED_MIN + size));
  while (recv(connection, &end, 1, 0) > 0) continue;
  _exit(0);
}

/* No operation caused this failure. */
static _Noreturn void fail(int connection, int error) {
  fail_with(connection, &(struct failure){.head = {.value = UINT32_MAX, .error = error}}, 0);
}

/* Waits until the child has executed its program. Before, the child sends its terminal's master. */
static void await_program(int connection, struct session *s, int sync) {
  for (;;) {
    static struct failure message;
    int passed, n = socket_receive(sync, &message, sizeof message, 0, &passed);
    if (n == -EINTR) continue;
    if (n == 0) return;
    if (n < (int)sizeof message.head) fail(connection, n < 0 ? -n : EPROTO);
    if (message.head.type == MESSAGE_FAILED) fail_with(connection, &message, (size_t)n - sizeof message.head);
    if (message.head.type == MESSAGE_CONSOLE && passed >= 0) s->master = passed;
  }
}

/* The host's client has gone. The terminal hangs up once nobody has its master open. */
static void hang_up(struct session *s) {
  struct sink *input = &s->pump.sinks[STDIN_FILENO];
  if (s->master < 0) return;
  close(s->master);
  s->master = -1;
  if (input->fd >= 0) close(input->fd);
  input->fd = -1;
}

static int handle(void *self, const struct frame *frame) {
  struct session *s = self;
  switch (frame->type) {
    case FRAME_SIGNAL: {
      uint32_t number = read_le32(frame->payload);
      if (!s->ended && number <= 64) sys_pidfd_send_signal(s->pidfd, (int)number);
      return 0;
    }
    case FRAME_RESIZE: {
      struct winsize size = {.ws_row = (unsigned short)read_le32(frame->payload),
                             .ws_col = (unsigned short)read_le32(frame->payload + 4)};
      if (s->master >= 0) ioctl(s->master, TIOCSWINSZ, &size);
      return 0;
    }
    case FRAME_CLOCK:
    case FRAME_ADJUST: return s->follows_clock ? follow_clock(&s->pump, frame) : -EBADMSG;
    case FRAME_CLOSED: hang_up(s); return 0;
    case FRAME_BYE: s->done = true; return 0;
    default: return -EBADMSG;
  }
}

/* All output of the ended process is sent before its exit code. */
static void finish(struct session *s) {
  bool finished = true;
  for (int i = 0; i < STREAMS; i++) finished &= pump_finish_source(&s->pump, i);
  if (!finished || s->exit_sent) return;
  uint8_t code[4];
  write_le32(code, (uint32_t)exit_code(s->status));
  s->exit_sent = pump_send(&s->pump, FRAME_EXIT, 0, code, sizeof code) == 0;
}

_Noreturn void session_relay(struct session *s) {
  struct pollfd fds[PUMP_POLLS + 1];
  while (!s->done) {
    pump_watch(&s->pump, fds);
    fds[PUMP_POLLS] = (struct pollfd){.fd = s->ended ? -1 : s->pidfd, .events = POLLIN};
    if (poll(fds, PUMP_POLLS + 1, -1) < 0 && errno != EINTR) break;
    if (pump_step(&s->pump, fds, handle, s) < 0) break;
    if (fds[PUMP_POLLS].revents) s->ended = s->child < 0 || waitpid(s->child, &s->status, WNOHANG) == s->child;
    if (s->ended) finish(s);
    pump_flush(&s->pump);
  }
  /* Its client on the host is gone, so it is killed. */
  if (!s->ended) sys_pidfd_send_signal(s->pidfd, SIGKILL);
  _exit(0);
}

int session_open_pipes(struct session *s, int theirs[3], uid_t owner) {
  for (int i = 0; i < 3; i++) {
    int ends[2];
    int result = as_result(pipe2(ends, O_CLOEXEC));
    if (result < 0) return result;
    bool input = i == STDIN_FILENO;
    theirs[i] = ends[!input];
    result = as_result(fchown(theirs[i], owner, (gid_t)-1));
    if (result == 0) result = as_result(fcntl(ends[input], F_SETFL, O_NONBLOCK));
    if (result < 0) return result;
    if (input) pump_add_sink(&s->pump, i, ends[input], WINDOW);
    else pump_add_source(&s->pump, i, ends[input]);
  }
  return 0;
}

void session_use_terminal(struct session *s) {
  fcntl(s->master, F_SETFL, fcntl(s->master, F_GETFL) | O_NONBLOCK);
  pump_add_source(&s->pump, STDOUT_FILENO, fcntl(s->master, F_DUPFD_CLOEXEC, 3));
  pump_add_sink(&s->pump, STDIN_FILENO, fcntl(s->master, F_DUPFD_CLOEXEC, 3), WINDOW);
}

_Noreturn void serve_exec(int connection, const struct guest *guest, const uint8_t *payload, uint32_t size) {
  static struct session s;
  struct plan plan;
  struct plan_fault fault;
  int sync[2], theirs[3] = {-1, -1, -1};
  bool terminal = read_le32(payload) != 0;
  s.master = -1;
  if (plan_check(payload + PLAN_AT, size - PLAN_AT, &plan, &fault) < 0) fail(connection, EBADMSG);
  pump_init(&s.pump, connection);
  int result = as_result(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync));
  if (result == 0 && !terminal) result = session_open_pipes(&s, theirs, plan_user(&plan));
  if (result == 0) result = as_result(setns(guest->pidfd, CLONE_NEWPID));
  char folder[CGROUP_FOLDER];
  const char *born = NULL;
  s.child = result < 0 ? result : fork_beside(guest, folder, &born);
  if (s.child == 0) start(guest, born, &plan, terminal ? NULL : theirs, sync[1]);
  if (s.child < 0) fail(connection, -s.child);
  close(sync[1]);
  for (int i = 0; i < 3 && !terminal; i++) close(theirs[i]);
  s.pidfd = sys_pidfd_open(s.child);
  await_program(connection, &s, sync[0]);
  if (s.master >= 0) session_use_terminal(&s);
  pump_send(&s.pump, FRAME_STARTED, 0, NULL, 0);
  pump_flush(&s.pump);
  session_relay(&s);
}
