/* The kernel's interface where libc has no wrapper: numbers, structures and thin calls. All return a value >= 0 or
 * -errno and touch no libc state, so they may be used between clone and exec. No policy here. */
#ifndef KAGO_KERNEL_H
#define KAGO_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "arch.h"

/* openat2(2) */
struct open_how_v0 {
  uint64_t flags, mode, resolve;
};
#define RESOLVE_NO_XDEV_ 0x01
#define RESOLVE_NO_MAGICLINKS_ 0x02
#define RESOLVE_NO_SYMLINKS_ 0x04
#define RESOLVE_BENEATH_ 0x08
#define RESOLVE_IN_ROOT_ 0x10

/* mount_setattr(2) */
struct mount_attr_v0 {
  uint64_t attr_set, attr_clr, propagation, userns_fd;
};
#define MOUNT_ATTR_RDONLY_ 0x1
#define MOUNT_ATTR_NOSUID_ 0x2
#define MOUNT_ATTR_NODEV_ 0x4
#define MOUNT_ATTR_NOEXEC_ 0x8

/* open_tree(2), move_mount(2), fsconfig(2) */
#define OPEN_TREE_CLONE_ 1u
#define OPEN_TREE_CLOEXEC_ O_CLOEXEC
#define MOVE_MOUNT_F_EMPTY_PATH_ 0x04u
#define MOVE_MOUNT_T_EMPTY_PATH_ 0x40u
#define FSOPEN_CLOEXEC_ 1u
#define FSMOUNT_CLOEXEC_ 1u
#define FSCONFIG_SET_FLAG_ 0u
#define FSCONFIG_SET_STRING_ 1u
#define FSCONFIG_CMD_CREATE_ 6u

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef O_PATH
#define O_PATH 010000000
#endif

/* clone3(2) */
struct clone_args_v2 {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
#define CLONE_INTO_CGROUP_ 0x200000000ull

/* close_range(2) */
#define CLOSE_RANGE_CLOEXEC_ 4u

/* capset(2), version 3: two 32-bit words for each set */
#define CAPABILITY_VERSION_3 0x20080522u
struct cap_header {
  uint32_t version;
  int pid;
};
struct cap_data {
  uint32_t effective, permitted, inheritable;
};

/* seccomp(2); linux/filter.h, linux/seccomp.h */
struct filter_instruction {
  uint16_t code;
  uint8_t jump_true, jump_false;
  uint32_t operand;
};
struct filter_program {
  uint16_t length;
  const struct filter_instruction *instructions;
};
#define SECCOMP_SET_MODE_FILTER_ 1

/* No handler of ours interrupts a stage that has loaded a filter, but the filter may return EINTR forever. */
#define MOST_INTERRUPTIONS 100000

/* Ends the process even if its filter refuses exit_group: the fault signal also kills process 1, and op_seccomp()
 * has reset its handler. Not exit(2), which ends one thread. */
static inline _Noreturn void end_process(int code) {
  raw_syscall(SYS_exit_group, code, 0, 0, 0, 0, 0);
  for (;;) __builtin_trap();
}

/* statfs(2) f_type values */
#define PROC_MAGIC 0x9fa0
#define DEVPTS_MAGIC 0x1cd1

static inline int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how_v0 how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
  return (int)raw_syscall(437, dir, (long)path, (long)&how, sizeof how, 0, 0);
}

static inline int sys_open_tree(int dir, const char *path, unsigned flags) {
  return (int)raw_syscall(428, dir, (long)path, flags, 0, 0, 0);
}

static inline int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
  return (int)raw_syscall(429, from, (long)from_path, to, (long)to_path, flags, 0);
}

static inline int sys_fsopen(const char *fstype) {
  return (int)raw_syscall(430, (long)fstype, FSOPEN_CLOEXEC_, 0, 0, 0, 0);
}

static inline int sys_fsconfig(int fs, unsigned command, const char *key, const void *value) {
  return (int)raw_syscall(431, fs, command, (long)key, (long)value, 0, 0);
}

static inline int sys_fsmount(int fs, unsigned attrs) {
  return (int)raw_syscall(432, fs, FSMOUNT_CLOEXEC_, attrs, 0, 0, 0);
}

static inline int sys_mount_setattr(int dir, const char *path, unsigned flags, const struct mount_attr_v0 *attr) {
  return (int)raw_syscall(442, dir, (long)path, flags, (long)attr, sizeof *attr, 0);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags) {
  return (int)raw_syscall(436, first, last, flags, 0, 0, 0);
}

static inline int sys_pidfd_open(int pid) { return (int)raw_syscall(434, pid, 0, 0, 0, 0, 0); }

static inline int sys_pidfd_send_signal(int pidfd, int signal) {
  return (int)raw_syscall(424, pidfd, signal, 0, 0, 0, 0);
}

static inline long sys_clone3(struct clone_args_v2 *args) {
  return raw_syscall(435, (long)args, sizeof *args, 0, 0, 0, 0);
}

static inline int sys_execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags) {
  return (int)raw_syscall(SYS_execveat, fd, (long)path, (long)argv, (long)envp, flags, 0);
}

static inline long sys_seccomp_filter(unsigned flags, const struct filter_program *program) {
  return raw_syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER_, flags, (long)program, 0, 0, 0);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old) {
  return (int)raw_syscall(SYS_pivot_root, (long)new_root, (long)put_old, 0, 0, 0, 0);
}

static inline void sys_close(int fd) { (void)raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0); }

/* libc's -1 and errno to >= 0 or -errno. */
static inline int as_result(long libc_result) { return libc_result < 0 ? -errno : (int)libc_result; }

#endif
