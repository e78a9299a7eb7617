/* What the shared object offers to ffi/shim.ts. Every function returns a value >= 0 or -errno. */
#ifndef KAGO_SHIM_H
#define KAGO_SHIM_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* A sealed memory file with these contents, for a plan or a program: descriptor. */
EXPORT int kago_memory_file(const char *name, const uint8_t *bytes, uint32_t size);

/* Checks an encoded plan; a malformed one gives -EINVAL, the offset in *offset and the problem's text. */
EXPORT int kago_check_plan(const uint8_t *bytes, uint32_t size, uint32_t *offset, char problem[128]);

/* Starts the stage program as Intermediate, in the cgroup folder `cgroup_fd` unless that is -1: its pid. */
EXPORT int kago_spawn(int exe_fd, int plan_fd, int sync_fd, int listen_fd, int cgroup_fd);

/* Datagram sockets (SOCK_SEQPACKET), all close-on-exec. */
EXPORT int kago_socket_pair(int32_t pair[2]);
EXPORT int kago_listen(const char *path);
EXPORT int kago_connect(const char *path);
EXPORT int kago_send(int fd, const uint8_t *bytes, uint32_t size);
/* Blocks for one datagram: its size, 0 at end of file; a descriptor that came with it, or -1, in *passed. */
EXPORT int kago_receive(int fd, uint8_t *bytes, uint32_t size, int32_t *passed);

/* Connects to the stream socket `path` and sends `fd` with `name` as its data (the console protocol of runc). */
EXPORT int kago_send_console(const char *path, const char *name, int fd);

/* open(2) with O_CLOEXEC; `flags` as in fcntl.h. */
EXPORT int kago_open(const char *path, int flags);
EXPORT int kago_close(int fd);

/* Waits for a child: its wait(2) status. */
EXPORT int kago_wait(int pid);
EXPORT int kago_pidfd_open(int pid);
EXPORT int kago_pidfd_send_signal(int pidfd, int signal);
/* Waits until the process has ended: 1, or 0 after `timeout_ms`. */
EXPORT int kago_pidfd_wait(int pidfd, int timeout_ms);

/* Waits for the child in the foreground, forwards signals to it, and relays the terminal `master` unless that is
 * -1: its wait(2) status. */
EXPORT int kago_foreground(int pid, int master);

/* Puts a file of mode 0600 at the root of a hostile root filesystem, whatever has its name there (CVE-2025-24965). */
EXPORT int kago_put_root_file(const char *root, const char *name, const uint8_t *bytes, uint32_t size, uint32_t uid, uint32_t gid);

/* Runs the vmm stage of the plan in this process, on all its threads. `result` gets the failing operation's index
 * and the descriptor that reports go to. */
EXPORT int kago_run_vmm_stage(int plan_fd, int sync_fd, int listen_fd, int root_fd, int32_t result[2]);

/* _exit(2): without V8's farewell, which costs milliseconds. */
EXPORT void kago_exit(int code);

#endif
