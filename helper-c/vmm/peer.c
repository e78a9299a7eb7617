/* Programs of the host that a VMM talks to over a stream socket: network proxies. Until they have sandboxed
 * themselves, they are root in the container's namespaces and see the host's files. So from their first instruction
 * they have few capabilities, no descriptor of ours except the socket, and are not dumpable. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/signals.h"
#include "vmm.h"

/* Their descriptor of the socket, and their highest: passt closes those above the one it is given. */
enum { PEER_FD = 3 };

/* linux/capability.h: ports below 1024; ids, and the id map of its own user namespace with root in it
 * (user_namespaces(7)). */
enum { SETGID = 6, SETUID = 7, NET_BIND_SERVICE = 10, SETFCAP = 31 };
#define KEPT (1ull << SETGID | 1ull << SETUID | 1ull << NET_BIND_SERVICE | 1ull << SETFCAP)

/* Any group but root's. */
enum { OTHER_GROUP = 65534 };

struct peer {
  const char *path;
  char *const *argv;
  int socket, log, ready, failed;
};

/* Passes on no stream of the container: an engine waits until its stdout is closed everywhere. */
static int take_descriptors(const struct peer *p) {
  int null = as_result(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null < 0) return null;
  const int own[] = {null, p->ready, p->log, p->socket};
  for (int fd = 0; fd <= PEER_FD; fd++) {
    int result = as_result(own[fd] == fd ? fcntl(fd, F_SETFD, 0) : dup2(own[fd], fd));
    if (result < 0) return result;
  }
  return sys_close_range(PEER_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC_);
}

/* If the real gid differs from the effective gid at the exec, the program is not dumpable (fs.suid_dumpable in
 * proc(5)). In a user namespace without that gid it stays dumpable until it changes that itself. */
static int hide(void) {
  int result = (int)raw_syscall(SYS_setresgid, OTHER_GROUP, -1, -1, 0, 0, 0);
  return result == -EINVAL || result == -EPERM ? 0 : result;
}

static int give_up_rights(void) {
  struct cap_header header = {.version = CAPABILITY_VERSION_3};
  struct cap_data data[2] = {{0}};
  for (int capability = 0; capability < 64; capability++) {
    /* May fail without CAP_SETPCAP: with no_new_privs an exec grants nothing beyond the permitted set. */
    if (!(KEPT >> capability & 1)) raw_syscall(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0, 0);
  }
  int result = (int)raw_syscall(SYS_capget, (long)&header, (long)data, 0, 0, 0, 0);
  if (result < 0) return result;
  for (int word = 0; word < 2; word++) {
    data[word].permitted &= (uint32_t)(KEPT >> 32 * word);
    data[word].effective = data[word].permitted;
    data[word].inheritable = 0;
  }
  result = (int)raw_syscall(SYS_capset, (long)&header, (long)data, 0, 0, 0, 0);
  return result < 0 ? result : (int)raw_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
}

static _Noreturn void become(const struct peer *p) {
  char *const environment[] = {NULL};
  int result = take_descriptors(p);
  if (result >= 0) result = hide();
  if (result >= 0) result = give_up_rights();
  reset_signals();
  if (result >= 0) result = as_result(execve(p->path, p->argv, environment));
  if (write(p->failed, &result, sizeof result) < 0) _exit(126);
  _exit(127);
}

/* The pid, or -errno if the program could not be started. */
static int start(struct peer *p) {
  int pipes[2], failure = 0;
  int result = as_result(pipe2(pipes, O_CLOEXEC));
  if (result < 0) return result;
  p->failed = as_result(fcntl(pipes[1], F_DUPFD_CLOEXEC, PEER_FD + 1));
  close(pipes[1]);
  int pid = p->failed < 0 ? p->failed : as_result(fork());
  if (pid == 0) become(p);
  if (p->failed >= 0) close(p->failed);
  if (pid > 0 && read(pipes[0], &failure, sizeof failure) == sizeof failure) {
    waitpid(pid, NULL, 0);
    pid = failure;
  }
  close(pipes[0]);
  return pid;
}

/* Moves `fd` above the child's numbers, so that no dup2 overwrites one that is still needed. */
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
  struct peer p = {path, argv, raised(pair[1]), memory_file("kago-peer-log"), memory_file("kago-peer-ready"), -1};
  int pid = p.socket < 0 ? p.socket : p.log < 0 ? p.log : p.ready < 0 ? p.ready : start(&p);
  if (p.socket >= 0) close(p.socket);
  peer[0] = pid;
  peer[1] = p.log;
  peer[2] = p.ready;
  if (pid >= 0) return pair[0];
  const int ours[] = {pair[0], p.log, p.ready};
  for (int i = 0; i < 3; i++) {
    if (ours[i] >= 0) close(ours[i]);
  }
  return pid;
}
