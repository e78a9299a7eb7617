/* The double's vsock: a socket where libkrun makes one for a port of the guest's, whose connections go to a test's agent, which
 * listens as `agent.sock` beside the double's own files. Without one they are closed, as when no guest listens. */
#include "guest.h"
#include "recorded.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int own_folder = -1;
static struct sockaddr_un wanted = {.sun_family = AF_UNIX};

__attribute__((constructor)) static void open_folder(void) { own_folder = open(FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC); }

void vsock_wanted(const char *path) { snprintf(wanted.sun_path, sizeof wanted.sun_path, "%s", path); }

static struct sockaddr_un streams = {.sun_family = AF_UNIX};

void streams_wanted(const char *path) { snprintf(streams.sun_path, sizeof streams.sun_path, "%s", path); }

static void connect_streams(void) {
  if (!*streams.sun_path) return;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&streams, sizeof streams) < 0) give_up("cannot connect the streams");
}

/* Whoever calls it second waits until the first has connected. */
void agent_comes(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, connect_streams);
}

/* As the real agent, which connects for the streams once it listens. */
static void *come_once_listening(void *ignored) {
  while (faccessat(own_folder, "agent.sock", F_OK, 0) < 0) usleep(10000);
  agent_comes();
  return ignored;
}

static int connect_agent(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/agent.sock", own_folder);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

/* False at the end of `from`. */
static int copy(int from, int to) {
  char bytes[16384];
  ssize_t n = read(from, bytes, sizeof bytes);
  for (ssize_t done = 0; done < n;) {
    ssize_t written = send(to, bytes + done, (size_t)(n - done), MSG_NOSIGNAL);
    if (written < 0) return 0;
    done += written;
  }
  return n > 0;
}

static void *relay(void *argument) {
  int *ends = argument;
  struct pollfd fds[2] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLIN}};
  for (int open = 1; open && poll(fds, 2, -1) > 0;) {
    for (int i = 0; i < 2 && open; i++) {
      if (fds[i].revents) open = copy(ends[i], ends[1 - i]);
    }
  }
  close(ends[0]);
  close(ends[1]);
  free(ends);
  return NULL;
}

static void *serve(void *argument) {
  int listener = (int)(intptr_t)argument;
  for (;;) {
    int caller = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (caller < 0) return NULL;
    int agent = connect_agent();
    int *ends = malloc(2 * sizeof *ends);
    pthread_t thread;
    if (agent >= 0) {
      ends[0] = caller;
      ends[1] = agent;
      pthread_create(&thread, NULL, relay, ends);
    } else {
      RECORD_CALL("connection without an agent", "%s", "");
      close(caller);
      free(ends);
    }
  }
}

void vsock_open(void) {
  if (!*wanted.sun_path) return;
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&wanted, sizeof wanted) < 0 || listen(listener, 16) < 0) give_up("cannot listen");
  pthread_t thread;
  pthread_create(&thread, NULL, serve, (void *)(intptr_t)listener);
  pthread_create(&thread, NULL, come_once_listening, NULL);
}
