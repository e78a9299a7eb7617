/* Thin functions for TypeScript, without policy: each makes one system call, or a few that belong together. */
#include "shim.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/exec_hidden.h"
#include "../common/kernel.h"
#include "../common/message.h"
#include "../common/plan.h"
#include "../common/root_path.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

int kago_memory_file(const char *name, const uint8_t *bytes, uint32_t size) {
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = as_result(memfd_create(name, flags | MFD_EXEC));
  if (fd == -EINVAL) fd = as_result(memfd_create(name, flags)); /* before Linux 6.3 */
  if (fd < 0) return fd;
  int result = write_all(fd, bytes, size);
  if (result == 0) result = as_result(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
  if (result == 0) return fd;
  close(fd);
  return result;
}

/* A program executed in a user namespace stays hidden only if the namespace does not map its file's owner. Otherwise
 * the owner, and hence the creator of the namespace, could open the file. So it belongs to an id that no namespace
 * maps. For an ordinary user, or if kago itself runs in a user namespace without that id, it stays the caller's. */
static int disown(int fd) {
  enum { NOBODYS = -2 };
  int result = as_result(fchown(fd, (uid_t)NOBODYS, (gid_t)NOBODYS));
  return result == -EINVAL || result == -EPERM ? 0 : result;
}

int kago_program_file(const uint8_t *bytes, uint32_t size) {
  int fd = kago_memory_file("kago", bytes, size);
  int result = fd < 0 ? fd : as_result(fchmod(fd, HIDDEN_PROGRAM_MODE));
  if (result == 0) result = disown(fd);
  if (result == 0) return fd;
  if (fd >= 0) close(fd);
  return result;
}

int kago_check_plan(const uint8_t *bytes, uint32_t size, uint32_t *offset, char problem[128]) {
  struct plan plan;
  struct plan_fault fault;
  int result = plan_check(bytes, size, &plan, &fault);
  if (result < 0) {
    *offset = fault.offset;
    snprintf(problem, 128, "operation %u: %s", fault.operation, fault.problem);
  }
  return result;
}

/* From now on every datagram has its sender's credentials. */
static int learn_senders(int fd) {
  int on = 1;
  return as_result(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
}

int kago_socket_pair(int32_t pair[2]) {
  int result = as_result(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
  return result < 0 ? result : learn_senders(pair[0]);
}

static int open_socket(const char *path, int type, int (*attach)(int, const struct sockaddr *, socklen_t)) {
  struct sockaddr_un address;
  int result = unix_address(path, &address);
  int fd = result < 0 ? result : as_result(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  /* bind(2) takes the mode of the file from the socket: only its owner may connect. */
  if (attach == bind) fchmod(fd, 0600);
  result = as_result(attach(fd, (struct sockaddr *)&address, sizeof address));
  if (result == 0) return fd;
  close(fd);
  return result;
}

int kago_listen(const char *path) {
  int fd = open_socket(path, SOCK_SEQPACKET, bind);
  int result = fd < 0 ? fd : as_result(listen(fd, 8));
  if (result >= 0) return fd;
  if (fd >= 0) close(fd);
  return result;
}

/* For a listening socket, the peer is the process that called listen(2). */
static int check_peer(int fd) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  int result = as_result(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size));
  return result < 0 ? result : peer.uid == 0 || peer.uid == geteuid() ? 0 : -EACCES;
}

int kago_connect(const char *path) {
  int fd = open_socket(path, SOCK_SEQPACKET, connect);
  int result = fd < 0 ? fd : check_peer(fd);
  if (result == 0) result = learn_senders(fd);
  if (result == 0) return fd;
  if (fd >= 0) close(fd);
  return result;
}

int kago_send(int fd, const uint8_t *bytes, uint32_t size, int passed) {
  return socket_send(fd, bytes, size, 0, passed);
}

/* The first descriptor, or -1; without credentials there is room for more, which are closed. */
static int take_descriptor(const struct cmsghdr *header) {
  int first = -1, fd;
  for (size_t at = CMSG_LEN(0); at + sizeof fd <= header->cmsg_len; at += sizeof fd) {
    memcpy(&fd, (const char *)header + at, sizeof fd);
    if (first < 0) first = fd;
    else close(fd);
  }
  return first;
}

static void read_origin(struct msghdr *datagram, struct datagram_origin *origin) {
  struct ucred sender;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(datagram); header; header = CMSG_NXTHDR(datagram, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_RIGHTS) origin->passed = take_descriptor(header);
    if (header->cmsg_type != SCM_CREDENTIALS) continue;
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    origin->pid = sender.pid;
  }
}

int kago_receive(int fd, uint8_t *bytes, uint32_t size, struct datagram_origin *origin) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {bytes, size};
  struct msghdr datagram = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = CMSG_SPACE(sizeof(struct ucred)) + CMSG_LEN(sizeof(int))};
  int n;
  do n = as_result(recvmsg(fd, &datagram, MSG_CMSG_CLOEXEC));
  while (n == -EINTR);
  *origin = (struct datagram_origin){.passed = -1};
  if (n >= 0) read_origin(&datagram, origin);
  return n;
}

int kago_send_descriptor(const char *path, const char *text, int fd) {
  int socket_fd = open_socket(path, SOCK_STREAM, connect);
  if (socket_fd < 0) return socket_fd;
  int result = socket_send(socket_fd, text, strlen(text), 0, fd);
  close(socket_fd);
  return result < 0 ? result : 0;
}

int kago_open(const char *path, int flags) { return as_result(open(path, flags | O_CLOEXEC)); }

int kago_close(int fd) { return as_result(close(fd)); }

int kago_read(int fd, uint8_t *bytes, uint32_t size, int again) {
  return as_result(again ? pread(fd, bytes, size, 0) : read(fd, bytes, size));
}

int kago_eventfd(uint32_t count) { return as_result(eventfd(count, EFD_CLOEXEC | EFD_NONBLOCK)); }

int kago_poll(struct pollfd *fds, uint32_t count, int timeout_ms) { return as_result(poll(fds, count, timeout_ms)); }

int kago_bpf(int command, void *attr, uint32_t size) { return as_result(syscall(SYS_bpf, command, attr, size)); }

int kago_wait(int pid) {
  int status, result;
  do result = as_result(waitpid(pid, &status, 0));
  while (result == -EINTR);
  return result < 0 ? result : status;
}

int kago_is_child(int pid) {
  siginfo_t info;
  return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int kago_pidfd_open(int pid) {
  int pidfd = sys_pidfd_open(pid);
  /* The number is now a thread's: EINVAL, or ENOENT in newer kernels. */
  return pid > 0 && (pidfd == -EINVAL || pidfd == -ENOENT) ? -ESRCH : pidfd;
}

int kago_pidfd_send_signal(int pidfd, int signal) { return sys_pidfd_send_signal(pidfd, signal); }

int kago_run_hooks(const uint8_t *bytes, uint32_t size, const char *states, struct hook_failure *failure) {
  struct plan plan;
  struct plan_fault fault;
  int result = plan_check(bytes, size, &plan, &fault);
  struct context c = {.plan = &plan, .stage = STAGE_HOOK, .states = (char *)(uintptr_t)states};
  if (result == 0) result = run_stage(&c, &failure->index);
  if (c.output) failure->output = *c.output;
  return result;
}

void kago_exit(int code) { _exit(code); }
