/* The door: a socket for kago's commands in the container's state directory, where a VMM can create nothing. Each
 * client gets a connection to the guest's agent through it, so the agent's own socket need not be in a directory of
 * the host. */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/message.h"
#include "../session/agent_client.h"
#include "vmm.h"

enum { WAITING = 128 };

static struct {
  int socket, folder;
} door;

static void *serve(void *ignored) {
  vmm_block_signals();
  vmm_await_agent();
  for (;;) {
    int caller = as_result(accept4(door.socket, NULL, NULL, SOCK_CLOEXEC));
    if (caller == -EBADF || caller == -EINVAL) return ignored;
    if (caller == -EMFILE || caller == -ENFILE || caller == -ENOMEM) usleep(100000);
    if (caller < 0) continue;
    int fd = agent_connect_own(door.folder);
    /* The send fails only if the caller has gone. */
    if (fd >= 0) socket_send(caller, "", 1, MSG_DONTWAIT, fd);
    if (fd >= 0) close(fd);
    close(caller);
  }
}

int vmm_open_door(int socket, int folder) {
  door.socket = socket;
  door.folder = folder;
  /* Not earlier: a socket's peer credentials are those of the last process that called listen(2), and there was no
   * agent before. */
  int result = as_result(listen(socket, WAITING));
  pthread_t thread;
  return result < 0 ? result : -pthread_create(&thread, NULL, serve, NULL);
}
