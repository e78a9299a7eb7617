/* The host's end of the sockets in a guest's volumes. One thread keeps a connection to the agent waiting for each
 * socket, connects to the socket once a client in the guest has, and relays (../session/socket_relay.h). The agent
 * makes no requests: the set of sockets is fixed before the guest boots. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/kernel.h"
#include "../common/root_path.h"
#include "../session/agent_client.h"
#include "host_sockets.h"
#include "vmm.h"

enum { PATIENCE_MS = 30000, CONNECT_MS = 60000, RETRY_MS = 20 };

/* How long it may take a guest to learn that a server has gone. */
enum { LOOK_MS = 1000 };

enum state { GREETED, WAITING, CONNECTING, RELAYING, OVER };

struct link {
  struct socket_relay relay; /* first: frame handlers get it as the link */
  enum state state;
  uint32_t socket;
  int wire;
  int64_t deadline, retry;
};

static struct {
  int folder; /* directory of the agent's socket */
  uint32_t count;
  const char *paths[SOCKETS_MAX];
  int files[SOCKETS_MAX]; /* the sockets themselves */
  bool said[SOCKETS_MAX];
  bool denied[SOCKETS_MAX]; /* the VMM may not write to it */
  bool dead[SOCKETS_MAX], told[SOCKETS_MAX]; /* dead: its server has gone for good; told: the agent knows */
  int probe; /* -1, or a socket for look() */
  int64_t next_look;
  uint32_t live[SOCKETS_MAX], waiting[SOCKETS_MAX];
  int64_t next_try;
  struct link *links[RELAYS_MAX];
} sockets = {.probe = -1};

int sockets_add(const char *path) {
  struct stat info;
  if (sockets.count >= SOCKETS_MAX) return -E2BIG;
  int fd = open_in_root("/", path, O_PATH | O_CLOEXEC);
  if (fd < 0) return fd;
  int result = as_result(fstat(fd, &info));
  if (result == 0 && !S_ISSOCK(info.st_mode)) result = -ENOTSOCK;
  if (result < 0) {
    close(fd);
    return result;
  }
  sockets.paths[sockets.count] = path;
  sockets.files[sockets.count++] = fd;
  return 0;
}

int op_host_sockets(struct context *c, const struct field *f) {
  const uint8_t *item = f[F_host_sockets_paths].data;
  for (uint32_t i = 0; i < f[F_host_sockets_paths].count; i++) {
    const char *path = list_next(&item);
    int result = sockets_add(path);
    if (result < 0) return vmm_fail(c, result, F_host_sockets_paths, FOUND_SHUT, path);
  }
  return 0;
}

static void close_link(struct link **at) {
  struct link *link = *at;
  struct pump *p = &link->relay.pump;
  sockets.live[link->socket]--;
  for (int i = 0; i < STREAMS; i++) {
    if (p->sources[i].fd >= 0) close(p->sources[i].fd);
    if (p->sinks[i].fd >= 0) close(p->sinks[i].fd);
  }
  close(link->wire);
  munmap(link, sizeof *link);
  *at = NULL;
}

static struct link **free_place(void) {
  for (size_t i = 0; i < RELAYS_MAX; i++) {
    if (!sockets.links[i]) return &sockets.links[i];
  }
  return NULL;
}

/* A mapping of its own, freed as a whole. */
static int open_link(uint32_t socket) {
  struct link **place = free_place();
  int wire = place ? agent_connect_own(sockets.folder) : -EMFILE;
  if (wire < 0) return wire;
  struct link *link = mmap(NULL, sizeof *link, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (link == MAP_FAILED) {
    close(wire);
    return -ENOMEM;
  }
  pump_init(&link->relay.pump, wire);
  link->wire = wire;
  link->socket = socket;
  link->deadline = now_ms() + PATIENCE_MS;
  sockets.waiting[socket]++;
  sockets.live[socket]++;
  *place = link;
  return 0;
}

/* No socket can use up the connections of the others. */
static bool wants_link(uint32_t i) {
  if (sockets.waiting[i] > 0 || sockets.told[i]) return false;
  return sockets.live[i] < RELAYS_MAX / sockets.count;
}

static void open_links(void) {
  if (now_ms() < sockets.next_try) return;
  for (uint32_t i = 0; i < sockets.count; i++) {
    if (wants_link(i) && open_link(i) < 0) sockets.next_try = now_ms() + RETRY_MS;
  }
}

static int tell_dead(struct link *link) { return pump_send(&link->relay.pump, FRAME_CLOSED, SOCKET_STREAM, NULL, 0); }

static int greet(struct link *link) {
  uint8_t payload[4];
  write_le32(payload, link->socket);
  link->state = WAITING;
  int result = pump_send(&link->relay.pump, FRAME_SOCKET, 0, payload, sizeof payload);
  return result == 0 && sockets.dead[link->socket] ? tell_dead(link) : result;
}

/* The agent is told on the waiting connection or, without one, on the next. */
static void bury(uint32_t socket) {
  if (sockets.dead[socket]) return;
  sockets.dead[socket] = true;
  for (size_t i = 0; i < RELAYS_MAX; i++) {
    struct link *link = sockets.links[i];
    if (link && link->socket == socket && link->state == WAITING) tell_dead(link);
  }
}

/* The agent has stopped listening, and ends the connection. */
static int hear_buried(struct link *link) {
  sockets.told[link->socket] = sockets.dead[link->socket];
  return -EPIPE;
}

/* Returns -EINPROGRESS: the frames that follow are for the socket, which is not connected yet. */
static int start_connecting(struct link *link) {
  sockets.waiting[link->socket]--;
  link->state = CONNECTING;
  link->deadline = now_ms() + CONNECT_MS;
  return -EINPROGRESS;
}

static int handle(void *self, const struct frame *frame) {
  struct link *link = self;
  if (frame->type == FRAME_HELLO && link->state == GREETED) return greet(link);
  if (frame->type == FRAME_STARTED && link->state == WAITING) return start_connecting(link);
  if (frame->type == FRAME_BYE && link->state == WAITING) return hear_buried(link);
  return link->state == RELAYING ? socket_relay_handle(&link->relay, frame) : -EBADMSG;
}

/* Once per socket, because the guest can connect again and again. A server that has ended is not the container's
 * fault. */
static void complain(uint32_t socket, int error) {
  if (sockets.said[socket] || error == ECONNREFUSED) return;
  sockets.said[socket] = true;
  const char *what = error == EPROTOTYPE ? "not a stream socket, so the guest cannot use it" : strerror(error);
  if (error == EBADF) what = "SCM_RIGHTS: no descriptor enters a microVM, so the connection has ended";
  char text[PIPE_BUF];
  int size = snprintf(text, sizeof text, "kago: microVM: %s: %s\n", sockets.paths[socket], what);
  if (size > 0) vmm_say(text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

static int connect_by(int fd, uint32_t number) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", sockets.files[number]);
  return as_result(connect(fd, (struct sockaddr *)&address, sizeof address));
}

static int connect_to(uint32_t number) {
  int fd = as_result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd < 0) return fd;
  int result = connect_by(fd, number);
  if (result == 0) sockets.denied[number] = false;
  if (result == 0) return fd;
  close(fd);
  if (result == -EPROTOTYPE) bury(number);
  return result;
}

/* A datagram socket checks without contacting the server: connect(2) fails with ECONNREFUSED if the server's socket
 * is closed, as a new server's is another file (unix(7)), and with EPROTOTYPE if it is a stream socket. */
static void look(void) {
  for (uint32_t i = 0; i < sockets.count; i++) {
    if (sockets.denied[i]) continue;
    int result = sockets.dead[i] ? -EPROTOTYPE : connect_by(sockets.probe, i);
    /* A socket without write permission is not tried again: each attempt is a line in the host's audit log. */
    sockets.denied[i] = result == -EACCES || result == -EPERM;
    if (result == 0) complain(i, EPROTOTYPE);
    if (result == 0 || result == -ECONNREFUSED) bury(i);
  }
  sockets.next_look = now_ms() + LOOK_MS;
}

static void relay(struct link *link, const struct pollfd fds[PUMP_POLLS]) {
  if (!socket_relay_step(&link->relay, fds, handle, link)) return;
  link->state = OVER;
  if (link->relay.pump.sources[SOCKET_STREAM].refused) complain(link->socket, EBADF);
}

/* A server whose backlog is full (EAGAIN) is tried again. */
static void go_on_connecting(struct link *link) {
  struct pump *p = &link->relay.pump;
  int fd = connect_to(link->socket);
  if (fd == -EAGAIN && left_ms(link->deadline) > 0) {
    link->retry = now_ms() + RETRY_MS;
    return;
  }
  if (fd < 0) complain(link->socket, -fd);
  if (fd == -ECONNREFUSED) look();
  int result = fd < 0 ? fd : pump_add_socket(p, SOCKET_STREAM, fd);
  link->state = result < 0 ? OVER : RELAYING;
  if (result < 0) return;
  if (pump_take(p, handle, link) < 0) pump_end(p);
  /* An end that arrived together with its client causes no further event. */
  static const struct pollfd none[PUMP_POLLS];
  relay(link, none);
}

static void step(struct link *link, const struct pollfd fds[PUMP_POLLS]) {
  if (link->state == RELAYING) return relay(link, fds);
  if (link->state == CONNECTING) {
    if (left_ms(link->retry) == 0) go_on_connecting(link);
    return;
  }
  int result = pump_step(&link->relay.pump, fds, handle, link);
  if (result == -EINPROGRESS) return go_on_connecting(link);
  bool late = link->state == GREETED && left_ms(link->deadline) == 0;
  if (result == 0 && !late) return;
  sockets.waiting[link->socket]--;
  sockets.next_try = now_ms() + RETRY_MS;
  link->state = OVER;
}

/* Sets up the polling of all links, and returns the timeout. */
static int watch(struct pollfd fds[RELAYS_MAX][PUMP_POLLS]) {
  int64_t end = INT64_MAX;
  for (uint32_t i = 0; i < sockets.count; i++) {
    if (!sockets.dead[i] && sockets.next_look < end) end = sockets.next_look;
    if (wants_link(i) && sockets.next_try < end) end = sockets.next_try;
  }
  for (size_t i = 0; i < RELAYS_MAX; i++) {
    struct link *link = sockets.links[i];
    for (int k = 0; k < PUMP_POLLS; k++) fds[i][k] = (struct pollfd){.fd = -1};
    if (!link) continue;
    if (link->state != CONNECTING) pump_watch(&link->relay.pump, fds[i]);
    if (link->state == GREETED && link->deadline < end) end = link->deadline;
    if (link->state == CONNECTING && link->retry < end) end = link->retry;
  }
  return end == INT64_MAX ? -1 : left_ms(end);
}

/* poll(2) of open descriptors only: it takes at most RLIMIT_NOFILE entries, and most places are empty. */
static int poll_open(struct pollfd fds[RELAYS_MAX][PUMP_POLLS], int timeout_ms) {
  static struct pollfd open[RELAYS_MAX * 3];
  static struct pollfd *from[RELAYS_MAX * 3];
  nfds_t count = 0;
  for (size_t i = 0; i < RELAYS_MAX; i++) {
    for (int k = 0; k < PUMP_POLLS; k++) {
      if (fds[i][k].fd < 0) continue;
      from[count] = &fds[i][k];
      open[count++] = fds[i][k];
    }
  }
  int result = as_result(poll(open, count, timeout_ms));
  for (nfds_t i = 0; i < count && result > 0; i++) from[i]->revents = open[i].revents;
  return result == -EINTR ? 0 : result;
}

bool sockets_step(int timeout_ms) {
  static struct pollfd fds[RELAYS_MAX][PUMP_POLLS];
  if (now_ms() >= sockets.next_look) look();
  open_links();
  int wait = watch(fds);
  if (timeout_ms >= 0 && (wait < 0 || wait > timeout_ms)) wait = timeout_ms;
  if (poll_open(fds, wait) < 0) return false;
  for (size_t i = 0; i < RELAYS_MAX; i++) {
    struct link **at = &sockets.links[i];
    if (*at) step(*at, fds[i]);
    if (*at && (*at)->state == OVER) close_link(at);
  }
  return true;
}

int sockets_begin(int folder) {
  sockets.folder = folder;
  sockets.probe = as_result(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (sockets.probe < 0) return sockets.probe;
  look();
  return 0;
}

static void *serve(void *ignored) {
  vmm_block_signals();
  vmm_await_agent();
  for (;;) {
    if (!sockets_step(-1)) poll(NULL, 0, RETRY_MS); /* out of memory; later there may be some */
  }
  return ignored;
}

int vmm_serve_sockets(int folder) {
  if (sockets.count == 0) return 0;
  int result = sockets_begin(folder);
  pthread_t thread;
  return result < 0 ? result : -pthread_create(&thread, NULL, serve, NULL);
}
