/* The standard streams of the container's process. They go through the guest's agent, not through libkrun's console,
 * which keeps writing to a closed reader and may lose data at its end. A thread relays them, with the same pump as
 * for every other process in the guest. The agent exits after it was told that all data has arrived.
 *
 * The agent connects before it starts the process, which could connect to the port too: only the first connection is
 * accepted. The guest's clock is set over the same connection (guest_clock.h). */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/root_path.h"
#include "../session/pump.h"
#include "guest_clock.h"
#include "vmm.h"

#define STREAMS_SOCKET "streams.sock"

static struct {
  struct pump pump;
  struct guest_clock clock;
  int own[3]; /* the streams that the container was started with */
  int listener; /* -1: none, or the agent has connected */
  atomic_bool came; /* somebody has connected */
  pthread_mutex_t came_lock;
  pthread_cond_t comes;
  int resized; /* signalfd for the terminal's new sizes, or -1 */
  int log; /* read end of the pipe that replaces a terminal as standard error, or -1 */
  pthread_mutex_t log_lock; /* held until what was read from the pipe is written */
  pid_t relayer; /* this process, once one of its threads relays */
  bool exited; /* the process has exited, and all its output is on the way */
  atomic_bool told; /* its exit code has arrived */
} s = {.own = {-1, -1, -1},
       .listener = -1,
       .came_lock = PTHREAD_MUTEX_INITIALIZER,
       .comes = PTHREAD_COND_INITIALIZER,
       .resized = -1,
       .log = -1,
       .log_lock = PTHREAD_MUTEX_INITIALIZER};

int op_vmm_terminal(struct context *c, const struct field *f) {
  (void)c;
  (void)f;
  struct termios mode;
  int result = as_result(tcgetattr(STDIN_FILENO, &mode));
  if (result < 0) return result;
  cfmakeraw(&mode);
  vm.terminal = true;
  return as_result(tcsetattr(STDIN_FILENO, TCSANOW, &mode));
}

/* libkrun makes a terminal that it finds raw, but lets it generate signals. */
static int replace_error(void) {
  int ends[2];
  if (!isatty(STDERR_FILENO)) return 0;
  int result = as_result(pipe2(ends, O_CLOEXEC));
  if (result < 0) return result;
  result = as_result(dup2(ends[1], STDERR_FILENO));
  close(ends[1]);
  s.log = ends[0];
  vm.messages = s.own[STDERR_FILENO];
  return result;
}

/* Opens the container's null device after checking that it is one: 0 or more, or -errno. */
static int open_null(void) {
  struct stat info;
  char path[32];
  int found = open_in_root("/", "/dev/null", O_PATH);
  if (found < 0) return found;
  int result = as_result(fstat(found, &info));
  if (result == 0 && (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(1, 3))) result = -ENODEV;
  snprintf(path, sizeof path, "/proc/self/fd/%d", found);
  if (result == 0) result = as_result(open(path, O_RDWR | O_CLOEXEC));
  close(found);
  return result;
}

static int put_aside(void) {
  int null = open_null(), result = null;
  for (int i = 0; i < 3 && result >= 0; i++) result = s.own[i] = as_result(fcntl(i, F_DUPFD_CLOEXEC, 3));
  for (int i = 0; i < 2 && result >= 0; i++) result = as_result(dup2(null, i));
  if (null >= 0) close(null);
  return result < 0 ? result : replace_error();
}

static int listen_in(int folder) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" STREAMS_SOCKET, folder);
  s.listener = as_result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (s.listener < 0) return s.listener;
  mode_t before = umask(0177);
  int result = as_result(bind(s.listener, (struct sockaddr *)&address, sizeof address));
  umask(before);
  return result < 0 ? result : as_result(listen(s.listener, 1));
}

/* Threads created later inherit the blocked signal, and libkrun's own handler gets none. */
static int watch_size(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGWINCH);
  int result = -pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (result < 0) return result;
  s.resized = as_result(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  return s.resized < 0 ? s.resized : 0;
}

int op_vmm_streams(struct context *c, const struct field *f) {
  (void)f;
  if (c->run_fd < 0) return -EINVAL;
  int result = put_aside();
  if (result >= 0) result = listen_in(c->run_fd);
  if (result >= 0 && vm.terminal) result = watch_size();
  return result < 0 ? result : 0;
}

static int handle(void *ignored, const struct frame *frame) {
  (void)ignored;
  if (frame->type == FRAME_CLOSED) return 0;
  if (frame->type == FRAME_TIME) return guest_clock_answer(&s.clock, frame, &s.pump);
  if (frame->type != FRAME_EXIT || s.exited) return -EBADMSG;
  s.exited = s.told = true;
  return 0;
}

static void send_size(void) {
  struct winsize size = {0};
  uint8_t payload[8];
  ioctl(s.own[STDERR_FILENO], TIOCGWINSZ, &size);
  write_le32(payload, size.ws_row);
  write_le32(payload + 4, size.ws_col);
  pump_send(&s.pump, FRAME_RESIZE, 0, payload, sizeof payload);
}

static void tell_came(void) {
  pthread_mutex_lock(&s.came_lock);
  s.came = true;
  pthread_cond_broadcast(&s.comes);
  pthread_mutex_unlock(&s.came_lock);
}

void vmm_await_agent(void) {
  pthread_mutex_lock(&s.came_lock);
  while (!s.came) pthread_cond_wait(&s.comes, &s.came_lock);
  pthread_mutex_unlock(&s.came_lock);
}

static void take_connection(void) {
  tell_came(); /* before accept(2), so that vmm_guest_end() sees one or the other */
  int connection = as_result(accept4(s.listener, NULL, NULL, SOCK_CLOEXEC));
  if (connection < 0) return;
  close(s.listener);
  s.listener = -1;
  pump_init(&s.pump, connection);
  pump_add_source(&s.pump, STDIN_FILENO, s.own[STDIN_FILENO]);
  pump_add_sink(&s.pump, STDOUT_FILENO, s.own[STDOUT_FILENO], PIPE_BUF);
  if (vm.terminal) send_size();
  else pump_add_sink(&s.pump, STDERR_FILENO, fcntl(s.own[STDERR_FILENO], F_DUPFD_CLOEXEC, 3), PIPE_BUF);
  guest_clock_ask(&s.clock, &s.pump); /* after the size, which must be first */
}

static void take_sizes(void) {
  struct signalfd_siginfo info;
  bool any = false;
  while (read(s.resized, &info, sizeof info) == sizeof info) any = true;
  if (any && s.listener < 0) send_size();
}

static bool is_readable(int fd) {
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  return poll(&wait, 1, 0) == 1 && wait.revents & POLLIN;
}

/* At most as much as a pipe holds, so that continuous logging does not delay the end. */
void vmm_pass_log(void) {
  char bytes[PIPE_BUF];
  pthread_mutex_lock(&s.log_lock);
  for (int most = 65536 / PIPE_BUF; most > 0 && is_readable(s.log); most--) {
    ssize_t size = read(s.log, bytes, sizeof bytes);
    if (size > 0) vmm_say(bytes, (size_t)size);
  }
  pthread_mutex_unlock(&s.log_lock);
}

/* A connection that waits to be accepted counts. */
enum guest_end vmm_guest_end(void) {
  if (s.relayer != getpid()) return GUEST_NONE;
  if (s.told) return GUEST_TOLD;
  return is_readable(s.listener) || s.came ? GUEST_RUNS : GUEST_BOOTS;
}

enum { LISTENER = PUMP_POLLS, RESIZED, LOG, CLOCK, POLLS = CLOCK + CLOCK_POLLS };

static void step(void) {
  struct pollfd fds[POLLS];
  pump_watch(&s.pump, fds);
  fds[LISTENER] = (struct pollfd){.fd = s.listener, .events = POLLIN};
  fds[RESIZED] = (struct pollfd){.fd = s.resized, .events = POLLIN};
  fds[LOG] = (struct pollfd){.fd = s.log, .events = POLLIN};
  guest_clock_watch(&s.clock, fds + CLOCK);
  if (poll(fds, POLLS, -1) < 0) return;
  if (fds[LISTENER].revents) take_connection();
  if (fds[RESIZED].revents) take_sizes();
  if (fds[LOG].revents) vmm_pass_log();
  guest_clock_step(&s.clock, fds + CLOCK, &s.pump);
  int wire = s.pump.wire;
  /* Without a wire, data that has arrived is still written. */
  if (fds[LISTENER].revents || pump_step(&s.pump, fds, handle, NULL) == 0) return;
  /* The guest has ended or violates the protocol; if the agent lives, it ends the process. */
  pump_end(&s.pump);
  close(wire);
}

static void *relay(void *ignored) {
  vmm_block_signals();
  for (;;) {
    step();
    if (!s.exited || !pump_is_drained(&s.pump)) continue;
    /* The last bytes are written. After BYE the guest ends, and with it this process. */
    s.exited = false;
    pump_send(&s.pump, FRAME_BYE, 0, NULL, 0);
    pump_flush(&s.pump);
  }
  return ignored;
}

int vmm_relay_streams(void) {
  pthread_t thread;
  if (s.listener < 0) return 0;
  pump_init(&s.pump, -1);
  int result = guest_clock_open(&s.clock);
  if (result < 0) return result;
  s.relayer = getpid();
  return -pthread_create(&thread, NULL, relay, NULL);
}
