/* The sockets in a guest's volumes. A guest's kernel has its own sockets, and sees the host's only as files. So each
 * is covered by a socket of the agent with the same owner and mode. Connections to it go to the VMM
 * (vmm/host_sockets.c), which keeps one connection for each socket waiting here. The host connects to the agent, and
 * the guest to nothing of the host, so no process of the guest can bypass the socket's mode. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/root_path.h"
#include "../session/agent_client.h"
#include "../session/socket_relay.h"
#include "agent.h"
#include "serve.h"

enum { BACKLOG = 128, RETRY_MS = 100, FRAME_MS = 10000 };

static struct {
  uint32_t count;
  int listeners[SOCKETS_MAX];
  const char *paths[SOCKETS_MAX];
  bool *said; /* shared by all connections' processes: for which sockets an error has been printed */
} sockets;

static int make_folder(void) {
  sockets.said = mmap(NULL, SOCKETS_MAX * sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (sockets.said == MAP_FAILED) return -ENOMEM;
  const char *options = "mode=0755,size=64k,nr_inodes=64";
  return as_result(mount("kago", SOCKETS_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options));
}

/* Stats the host's socket as the guest sees it through virtiofs. */
static int find_host_socket(const char *root, const char *path, struct stat *info) {
  int fd = open_in_root(root, path, O_PATH | O_CLOEXEC);
  if (fd < 0) return fd;
  int result = as_result(fstat(fd, info));
  close(fd);
  if (result < 0) return result;
  return S_ISSOCK(info->st_mode) ? 0 : -ENOTSOCK;
}

/* Creates a listening socket at `path` with the owner and mode in `info`: descriptor or -errno. */
static int socket_like(const char *path, const struct stat *info) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  memcpy(address.sun_path, path, strlen(path));
  int fd = as_result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd < 0) return fd;
  int result = as_result(bind(fd, (struct sockaddr *)&address, sizeof address));
  if (result == 0) result = as_result(chown(path, info->st_uid, info->st_gid));
  if (result == 0) result = as_result(chmod(path, info->st_mode & 07777));
  if (result == 0) result = as_result(listen(fd, BACKLOG));
  if (result == 0) return fd;
  close(fd);
  return result;
}

static int open_listener(const char *root, const struct field *f) {
  char path[sizeof SOCKETS_FOLDER + 16];
  struct stat info;
  uint64_t index = f[F_open_socket_tree_socket].number;
  if (index != sockets.count || index >= SOCKETS_MAX) return -EINVAL;
  sockets.paths[index] = f[F_open_socket_tree_path].text;
  int result = index == 0 ? make_folder() : 0;
  if (result == 0) result = find_host_socket(root, sockets.paths[index], &info);
  if (result < 0) return result;
  snprintf(path, sizeof path, SOCKETS_FOLDER "/%u", (unsigned)index);
  int fd = socket_like(path, &info);
  if (fd < 0) return fd;
  sockets.listeners[sockets.count++] = fd;
  return 0;
}

int sockets_open(const struct plan *plan, const char *root, const char **path) {
  size_t offset = plan_stage_offset(plan, STAGE_GUEST);
  struct field fields[MAX_FIELDS];
  int result = 0;
  for (uint32_t i = 0; i < plan->counts[STAGE_GUEST] && result == 0; i++) {
    if (plan_next(plan, &offset, fields) != OP_open_socket_tree) continue;
    *path = fields[F_open_socket_tree_path].text;
    result = open_listener(root, fields);
  }
  return result;
}

int op_open_socket_tree(struct context *c, const struct field *f) {
  char path[sizeof SOCKETS_FOLDER + 16];
  uint64_t slot = f[F_open_socket_tree_slot].number;
  if (slot >= TREE_SLOTS) return -EINVAL;
  snprintf(path, sizeof path, SOCKETS_FOLDER "/%u", (unsigned)f[F_open_socket_tree_socket].number);
  int tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_);
  if (tree < 0) return tree;
  c->trees[slot] = tree + 1;
  return 0;
}

/* The host's server has ended for good: waiting clients are disconnected, and connect(2) fails at once from now on. */
static int hear_host(int connection, int listener) {
  struct frame frame;
  uint8_t end;
  int client, result = agent_receive(connection, &frame, NULL, 0, FRAME_MS);
  if (result < 0 || frame.type != FRAME_CLOSED) return -EPIPE;
  shutdown(listener, SHUT_RDWR);
  while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) close(client);
  agent_send(connection, FRAME_BYE, NULL, 0);
  /* Data in flight may be lost when a connection is closed, so the other side closes first. */
  while (recv(connection, &end, 1, 0) > 0) continue;
  return -EPIPE;
}

/* Waits for the next client: descriptor, or -errno if the host has gone, or the container's process and with it all
 * possible clients. */
static int await_client(int connection, int listener, const struct guest *guest) {
  int wait = -1;
  for (;;) {
    struct pollfd fds[] = {{.fd = connection, .events = POLLIN},
                           {.fd = guest->pidfd, .events = POLLIN},
                           {.fd = wait < 0 ? listener : -1, .events = POLLIN}};
    if (poll(fds, 3, wait) < 0) return -ESRCH;
    if (fds[0].revents) return hear_host(connection, listener);
    if (fds[1].revents && !(fds[2].revents & POLLIN)) return -ESRCH;
    int client = as_result(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client >= 0) return client;
    /* A client that cannot be accepted now, for lack of memory, can be accepted later. */
    wait = client == -EAGAIN ? -1 : RETRY_MS;
  }
}

bool sockets_have_clients(void) {
  struct pollfd fds[SOCKETS_MAX];
  for (uint32_t i = 0; i < sockets.count; i++) fds[i] = (struct pollfd){.fd = sockets.listeners[i], .events = POLLIN};
  if (poll(fds, sockets.count, 0) <= 0) return false;
  for (uint32_t i = 0; i < sockets.count; i++) {
    /* A socket whose server has gone is shut down, and therefore readable. */
    if ((fds[i].revents & POLLIN) && !(fds[i].revents & POLLHUP)) return true;
  }
  return false;
}

/* Once per socket: a guest could otherwise fill its own standard error. */
static void complain(uint32_t index) {
  if (sockets.said[index]) return;
  sockets.said[index] = true;
  fprintf(stderr, "kago: in the guest: %s: SCM_RIGHTS: no descriptor leaves a microVM, so the connection has ended\n",
          sockets.paths[index]);
  fflush(stderr);
}

_Noreturn void serve_socket(int connection, const struct guest *guest, uint32_t index) {
  static struct socket_relay relay;
  struct pollfd fds[PUMP_POLLS];
  if (index >= sockets.count) _exit(1);
  int client = await_client(connection, sockets.listeners[index], guest);
  if (client < 0) _exit(EXIT_IDLE);
  pump_init(&relay.pump, connection);
  if (pump_add_socket(&relay.pump, SOCKET_STREAM, client) < 0) _exit(1);
  pump_send(&relay.pump, FRAME_STARTED, 0, NULL, 0);
  if (pump_flush(&relay.pump) < 0) _exit(1);
  do {
    pump_watch(&relay.pump, fds);
    if (poll(fds, PUMP_POLLS, -1) < 0 && errno != EINTR) _exit(1);
  } while (!socket_relay_step(&relay, fds, socket_relay_handle, &relay));
  if (relay.pump.sources[SOCKET_STREAM].refused) complain(index);
  _exit(0);
}
