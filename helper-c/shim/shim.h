/* The functions of the shared object for ffi/, called through kago_call. Every function returns a value >= 0 or
 * -errno. */
#ifndef KAGO_SHIM_H
#define KAGO_SHIM_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "../stage/hook.h"

/* A sealed memory file with these contents, for a plan or a program: descriptor. */
int kago_memory_file(const char *name, const uint8_t *bytes, uint32_t size);

/* The same for a program of kago, which other processes cannot inspect (exec_hidden.h): descriptor. */
int kago_program_file(const uint8_t *bytes, uint32_t size);

/* The stage program as a sealed memory file: descriptor. */
int kago_stage_program(void);

/* The VMM's program as a sealed memory file: descriptor. */
int kago_vmm_program(void);

/* Checks an encoded plan; a malformed one gives -EINVAL, the offset in *offset and the problem's text. */
int kago_check_plan(const uint8_t *bytes, uint32_t size, uint32_t *offset, char problem[128]);

/* The descriptors that the Intermediate inherits. */
struct stage_channels {
  int32_t exe, plan, sync;
  int32_t listen; /* the socket to which `start` connects, or -1 */
  int32_t target; /* a pidfd of the process whose namespaces are joined, or -1 */
  int32_t cgroup; /* the directory of the cgroup in which it starts, or -1 */
  int32_t vmm;    /* the program that the Init of a microVM becomes, or -1 */
};

/* Starts the stage program as Intermediate: its pid. */
int kago_spawn(const struct stage_channels *channels);

/* SOCK_SEQPACKET sockets, all close-on-exec. The first of a pair, and a connecting one, receive the sender's
 * credentials. */
int kago_socket_pair(int32_t pair[2]);
int kago_listen(const char *path);
/* -EACCES if the listener is neither root nor the caller's user. */
int kago_connect(const char *path);
/* With the descriptor `passed`, unless that is -1. */
int kago_send(int fd, const uint8_t *bytes, uint32_t size, int passed);
struct datagram_origin {
  int32_t passed; /* a descriptor that came with it, or -1 */
  int32_t pid;    /* the sender's (SCM_CREDENTIALS); 0 if the socket does not receive credentials */
};

/* Blocks for one datagram: its size, or 0 at end of file. */
int kago_receive(int fd, uint8_t *bytes, uint32_t size, struct datagram_origin *origin);

/* Connects to the stream socket `path` and sends `fd` with `text`: passes a terminal's master to an engine, or a
 * listener to a seccomp agent. */
int kago_send_descriptor(const char *path, const char *text, int fd);

/* bpf(2); `size` is that of the attributes. */
int kago_bpf(int command, void *attr, uint32_t size);

/* open(2) with O_CLOEXEC; `flags` as in fcntl.h. */
int kago_open(const char *path, int flags);
int kago_close(int fd);
/* read(2), or pread(2) at offset 0 if `again`: how many bytes. */
int kago_read(int fd, uint8_t *bytes, uint32_t size, int again);
/* eventfd(2), non-blocking: descriptor. */
int kago_eventfd(uint32_t count);
/* poll(2) */
int kago_poll(struct pollfd *fds, uint32_t count, int timeout_ms);

/* Waits for a child: its wait(2) status. */
int kago_wait(int pid);
/* Whether the process is a child of ours that has not been waited for: 1 or 0. */
int kago_is_child(int pid);
/* pidfd_open(2), for a number that may have been reused since: -ESRCH too if it is a thread's. */
int kago_pidfd_open(int pid);
int kago_pidfd_send_signal(int pidfd, int signal);

/* From now on signals are caught for kago_foreground, which forwards them. With `subreaper`, orphans of its child
 * become our children, which it reaps. 0. */
int kago_catch_signals(int subreaper);

/* Waits for the child in the foreground, forwards signals to it, relays the terminal `master` unless that is -1, and
 * forwards the variables `names` of notifications from `inside` (notify.h) to `manager` unless that is -1: the
 * child's wait(2) status. */
int kago_foreground(int pid, int master, int inside, int manager, const char *names);

/* A socket connected to the service manager's, whose address has the form of NOTIFY_SOCKET: descriptor. */
int kago_notify_connect(const char *address);
/* A datagram socket at `path` that accepts datagrams from everybody: descriptor. */
int kago_notify_listen(const char *path);
/* Forwards the variables `names` of notifications from `inside` until the program is ready, and waits until the
 * manager has processed them: 1, or 0 if the process has ended before. */
int kago_notify_wait(int inside, int manager, int pid, const char *names);

/* Sets the window size of the terminal `master` to that of our own terminal, if there is one: 0. */
int kago_copy_window_size(int master);

/* Writes a file of mode 0600 at the root of a hostile root filesystem, and replaces any file of that name
 * (CVE-2025-24965). */
int kago_put_root_file(const char *root, const char *name, const uint8_t *bytes, uint32_t size, uint32_t uid,
                       uint32_t gid);

/* Reads a regular file below a hostile root, of at most `size` bytes, without following links out of the root: how
 * many bytes, or -EFBIG. */
int kago_read_root_file(const char *root, const char *path, uint8_t *bytes, uint32_t size);

/* Sends a request to the agent whose socket is in the directory `path`. `request` is a frame_type, the size of its
 * payload, which is at the start of `reply`, the timeout in milliseconds, and a pidfd of the VMM, which must be the
 * peer. *size is the capacity of `reply`, and gets its size. 0 or -errno. */
int kago_ask_agent(const char *path, const uint32_t request[4], uint8_t *reply, uint32_t *size);

/* Runs the hooks in the last stage of an encoded plan, in this process; `states` is what Main would send at a sync
 * point. 0, or hook_run's failure with the index and output of the failed hook. */
struct hook_failure {
  uint32_t index;
  struct hook_output output;
};
int kago_run_hooks(const uint8_t *bytes, uint32_t size, const char *states, struct hook_failure *failure);

/* The id of the mount that contains the path; the kernel may reuse it once that mount is gone. */
int kago_mount_id(const char *path);
/* Detaches the mount at the path, with all mounts below it. */
int kago_detach_mount(const char *path);

/* remove_tree (remove_tree.h) of the directory `path`. */
int kago_remove_tree(const char *path);

/* Whether /dev/kvm can run a 64-bit guest: 0, -errno of the step that failed, or -EIO if the guest misbehaved. */
int kago_probe_kvm(void);

/* An rtnetlink(7) socket in the network namespace `ns`, a descriptor: descriptor. */
int kago_netlink_in(int ns);

/* How many processors this process may run on (sched_getaffinity(2)). */
int kago_processors(void);

/* This process's resource limits by number, each soft then hard: how many. */
int kago_limits(uint64_t *limits);

/* _exit(2): skips V8's shutdown, which costs milliseconds. */
_Noreturn void kago_exit(int code);

/* The functions by number, in the order of CALLS in ffi/shim_call.ts, which a test compares with this list. */
#define SHIM_CALLS(X) \
  X(memory_file) \
  X(stage_program) \
  X(vmm_program) \
  X(check_plan) \
  X(spawn) \
  X(socket_pair) \
  X(listen) \
  X(connect) \
  X(send) \
  X(receive) \
  X(send_descriptor) \
  X(open) \
  X(close) \
  X(bpf) \
  X(wait) \
  X(is_child) \
  X(pidfd_open) \
  X(pidfd_send_signal) \
  X(pidfd_wait) \
  X(catch_signals) \
  X(foreground) \
  X(copy_window_size) \
  X(put_root_file) \
  X(read_root_file) \
  X(run_hooks) \
  X(probe_kvm) \
  X(open_in_root) \
  X(open_trusted) \
  X(netlink_in) \
  X(read) \
  X(eventfd) \
  X(poll) \
  X(ask_agent) \
  X(mount_id) \
  X(detach_mount) \
  X(notify_connect) \
  X(notify_listen) \
  X(notify_wait) \
  X(remove_tree) \
  X(processors) \
  X(limits) \
  X(exit)

/* A call's number and its numeric arguments, in the order of its prototype. Its pointers are p, q and r, in the same
 * order. */
struct shim_request {
  uint32_t call;
  int32_t numbers[5];
};

__attribute__((visibility("default"))) int kago_call(struct shim_request request, void *p, void *q, void *r);

#endif
