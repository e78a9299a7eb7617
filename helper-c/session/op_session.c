/* This process represents on the host a process in a microVM: it lives as long, exits with its exit code, and relays
 * its streams and signals. The guest is hostile: everything from it is frames, parsed with bounds, and by then this
 * process has only the rights to copy bytes (session_filter.h). */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/message.h"
#include "../common/signals.h"
#include "../common/terminal.h"
#include "agent_client.h"
#include "empty_root.h"
#include "pump.h"
#include "session_filter.h"

enum { BOOT_PATIENCE_MS = 120000, START_PATIENCE_MS = 120000, KILLED = 128 + SIGKILL };

int op_session_terminal(struct context *c, const struct field *f) {
  int master = as_result(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (master < 0) return master;
  int slave = open_slave(master);
  struct winsize size = {.ws_row = (unsigned short)f[F_session_terminal_rows].number,
                         .ws_col = (unsigned short)f[F_session_terminal_columns].number};
  struct termios mode;
  int result = slave < 0 ? slave : as_result(ioctl(slave, TIOCSWINSZ, &size));
  /* Raw, because the line discipline is that of the guest's terminal. */
  if (result == 0) result = as_result(tcgetattr(slave, &mode));
  if (result == 0) cfmakeraw(&mode);
  if (result == 0) result = as_result(tcsetattr(slave, TCSANOW, &mode));
  return take_terminal(c, master, slave, result);
}

struct session {
  struct pump pump;
  bool terminal;
  int exit_code; /* -1 until known */
};

static int handle(void *self, const struct frame *frame) {
  struct session *s = self;
  if (frame->type == FRAME_CLOSED) return 0;
  if (frame->type != FRAME_EXIT || s->exit_code >= 0) return -EBADMSG;
  s->exit_code = (int)(read_le32(frame->payload) & 0xff);
  return 0;
}

static void send_size(struct session *s) {
  struct winsize size;
  uint8_t payload[8];
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0) return;
  write_le32(payload, size.ws_row);
  write_le32(payload + 4, size.ws_col);
  pump_send(&s->pump, FRAME_RESIZE, 0, payload, sizeof payload);
}

static void forward_signals(struct session *s, int signals) {
  struct signalfd_siginfo info;
  while (read(signals, &info, sizeof info) == sizeof info) {
    uint8_t payload[8] = {0};
    write_le32(payload, info.ssi_signo);
    if (info.ssi_signo == SIGWINCH && s->terminal) send_size(s);
    else pump_send(&s->pump, FRAME_SIGNAL, 0, payload, sizeof payload);
  }
}

static int catch_signals(void) {
  sigset_t caught;
  sigemptyset(&caught);
  for (int number = 1; number <= LAST_SIGNAL; number++) {
    if (is_passed_on(number, STAND_IN_FOREGROUND)) sigaddset(&caught, number);
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTTOU, SIG_IGN);
  sigprocmask(SIG_SETMASK, &caught, NULL);
  return as_result(signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC));
}

/* From now on this process only copies bytes, and its input is the guest's. */
static int give_up_rights(void) {
  struct cap_header header = {.version = CAPABILITY_VERSION_3};
  struct cap_data none[2] = {{0}};
  int result = enter_empty_root();
  if (result == 0) result = as_result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (result == 0) result = (int)raw_syscall(SYS_capset, (long)&header, (long)none, 0, 0, 0, 0);
  return result < 0 ? result : session_filter();
}

/* Waits at most `timeout_ms` (-1: no limit), and handles the events. */
static void step(struct session *s, int signals, int timeout_ms) {
  struct pollfd fds[PUMP_POLLS + 1];
  pump_watch(&s->pump, fds);
  fds[PUMP_POLLS] = (struct pollfd){.fd = signals, .events = POLLIN};
  if (poll(fds, PUMP_POLLS + 1, timeout_ms) < 0 && errno != EINTR) _exit(KILLED);
  if (fds[PUMP_POLLS].revents) forward_signals(s, signals);
  if (pump_step(&s->pump, fds, handle, s) == 0) return;
  /* The VM has ended or violates the protocol. With an exit code, what has arrived is still written. */
  if (s->exit_code < 0) _exit(KILLED);
  pump_end(&s->pump);
}

static _Noreturn void run(struct session *s, int signals) {
  for (;;) {
    /* The last bytes are written, so BYE ends the connection. */
    if (s->exit_code >= 0 && pump_is_drained(&s->pump)) {
      pump_send(&s->pump, FRAME_BYE, 0, NULL, 0);
      pump_flush(&s->pump);
      _exit(s->exit_code);
    }
    step(s, signals, -1);
  }
}

/* The agent's answer to EXEC: 0, or -errno. A failure in the guest is reported here, as the guest's. */
static int await_started(struct context *c, int connection) {
  static uint8_t payload[FAILED_MAX];
  static struct failure failure;
  struct frame frame;
  int result = agent_receive(connection, &frame, payload, sizeof payload, START_PATIENCE_MS);
  if (result < 0 || frame.type == FRAME_STARTED) return result;
  if (frame.type != FRAME_FAILED) return -EBADMSG;
  failure.head = (struct message){.type = MESSAGE_FAILED, .stage = STAGE_GUEST, .value = read_le32(payload)};
  failure.head.error = (int32_t)(read_le32(payload + 4) & 0xfff);
  size_t size = frame.size - FAILED_MIN;
  memcpy(failure.findings, payload + FAILED_MIN, size);
  socket_send(c->report_fd, &failure, sizeof failure.head + size, 0, -1);
  _exit(1);
}

static int send_plan(int connection, const struct field *plan, uint32_t terminal) {
  uint8_t head[FRAME_HEADER + 4];
  frame_header(head, FRAME_EXEC, 0, plan->count + 4);
  write_le32(head + FRAME_HEADER, terminal);
  int result = agent_send_bytes(connection, head, sizeof head);
  return result < 0 ? result : agent_send_bytes(connection, plan->data, plan->count);
}

int op_guest_session(struct context *c, const struct field *f) {
  static struct session s; /* static memory of zeros, which takes no space in the program's file */
  s.exit_code = -1;
  s.terminal = f[F_guest_session_terminal].number;
  int folder = as_result(open(f[F_guest_session_folder].text, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return folder;
  int connection = agent_connect(folder, c->target_fd, BOOT_PATIENCE_MS);
  close(folder);
  if (connection < 0) return connection;
  int result = give_up_rights();
  if (result == 0) result = send_plan(connection, &f[F_guest_session_plan], s.terminal);
  if (result == 0) result = await_started(c, connection);
  int signals = result < 0 ? result : catch_signals();
  if (signals < 0) return signals;
  pump_init(&s.pump, connection);
  pump_add_source(&s.pump, STDIN_FILENO, STDIN_FILENO);
  pump_add_sink(&s.pump, STDOUT_FILENO, STDOUT_FILENO, PIPE_BUF);
  if (s.terminal) close(STDERR_FILENO);
  else pump_add_sink(&s.pump, STDERR_FILENO, STDERR_FILENO, PIPE_BUF);
  if (s.terminal) send_size(&s);
  /* An input that has already ended, such as /dev/null, is closed here. */
  step(&s, signals, 0);
  /* The connection for reports is closed last: Main, or another waiting process, takes its end as success, and may
   * at once look at what is still open here. */
  const int own[] = {c->plan_fd,  c->root_fd, c->target_fd, c->listen_fd, c->sync_fd == c->report_fd ? -1 : c->sync_fd,
                     c->report_fd};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
    if (own[i] >= 0) close(own[i]);
  }
  run(&s, signals);
}
