/* Programs of the host that a VMM talks to over a stream socket: network proxies. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../kernel.h"
#include "vmm.h"

/* Their descriptor of the socket, and their highest: passt closes what is above the one that it is given. */
enum { PEER_FD = 3 };

/* Nothing of the container's: what holds its stdout keeps its engine waiting. */
static int spawn(const char *path, char *const argv[], int theirs, int log, int ready) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t all, none;
  char *const environment[] = {NULL};
  pid_t pid;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ready, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, theirs, PEER_FD);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  int error = posix_spawn(&pid, path, &actions, &attributes, argv, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error ? -error : (int)pid;
}

/* Above the numbers that the child's get, so that no dup2 overwrites what the next one reads. */
static int raised(int fd) {
  if (fd < 0) return fd;
  int higher = as_result(fcntl(fd, F_DUPFD_CLOEXEC, PEER_FD + 1));
  close(fd);
  return higher;
}

static int memory_file(const char *name) { return raised(as_result(memfd_create(name, MFD_CLOEXEC))); }

int vmm_spawn_peer(const char *path, char *const argv[], int32_t peer[3]) {
  int pair[2];
  int result = as_result(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  if (result < 0) return result;
  int theirs = raised(pair[1]), log = memory_file("kago-peer-log"), ready = memory_file("kago-peer-ready");
  int pid = theirs < 0 ? theirs : log < 0 ? log : ready < 0 ? ready : spawn(path, argv, theirs, log, ready);
  if (theirs >= 0) close(theirs);
  peer[0] = pid;
  peer[1] = log;
  peer[2] = ready;
  if (pid >= 0) return pair[0];
  const int ours[] = {pair[0], log, ready};
  for (int i = 0; i < 3; i++) {
    if (ours[i] >= 0) close(ours[i]);
  }
  return pid;
}
