/* A VMM that a guest has taken over: it tries what /attack in the container's root names, a word a line, and says on
 * standard output what came of each, `NAME: got it` or `NAME: ` and the error. */
#include "take_over.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "guest.h"

static long opened(const char *path, int flags) { return open(path, flags | O_CLOEXEC); }

static long try_mount(void) { return mount("none", "/tmp", "tmpfs", 0, NULL); }
static long try_open_tree(void) { return syscall(428, AT_FDCWD, "/", 1); }
static long try_fsopen(void) { return syscall(430, "proc", 0); }
static long try_pivot_root(void) { return syscall(SYS_pivot_root, "/", "/"); }
static long try_chroot(void) { return chroot("/etc"); }
static long try_ptrace(void) { return ptrace(PTRACE_ATTACH, getppid(), 0, 0); }
static long try_process_vm_writev(void) {
  char byte = 0;
  struct iovec iov = {&byte, 1};
  return syscall(SYS_process_vm_writev, getpid(), &iov, 1, &iov, 1, 0);
}
static long try_pidfd_getfd(void) { return syscall(438, syscall(434, getpid(), 0), 1, 0); }
static long try_kexec_load(void) { return syscall(SYS_kexec_load, 0, 0, NULL, 0); }
static long try_init_module(void) { return syscall(SYS_init_module, "", 0, ""); }
static long try_bpf(void) {
  union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
  return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
}
static long try_io_uring_setup(void) {
  char parameters[256] = {0};
  return syscall(425, 1, parameters);
}
static long try_userfaultfd(void) { return syscall(SYS_userfaultfd, O_CLOEXEC | 1); }
static long try_keyctl(void) { return syscall(SYS_keyctl, 0, -3, 1); }
static long try_add_key(void) { return syscall(SYS_add_key, "user", "kago", "x", 1, -2); }
static long try_perf_event_open(void) {
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .exclude_kernel = 1, .exclude_hv = 1};
  return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}
static long try_execve(void) { return execl("/bin/echo", "echo", "executed", NULL); }
static long try_execveat(void) {
  char *const argv[] = {"echo", "executed", NULL};
  return syscall(SYS_execveat, opened("/bin/echo", O_PATH), "", argv, NULL, AT_EMPTY_PATH);
}
static long try_fork(void) {
  long pid = syscall(SYS_fork);
  if (pid == 0) _exit(0);
  return pid;
}
static long try_clone(void) {
  long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  return pid;
}
static long try_clone3(void) {
  unsigned long long arguments[11] = {0, 0, 0, 0, SIGCHLD};
  long pid = syscall(SYS_clone3, arguments, sizeof arguments);
  if (pid == 0) _exit(0);
  return pid;
}
static long try_unshare(void) { return unshare(CLONE_NEWUSER); }
static long try_setns(void) { return setns(syscall(434, getpid(), 0), CLONE_NEWUTS); }
static long try_kill(void) { return kill(-1, 0); }
static long try_tgkill(void) { return syscall(SYS_tgkill, getppid() ? getppid() : 1 << 20, 1 << 20, 0); }
static long try_open_by_handle_at(void) { return syscall(SYS_open_by_handle_at, AT_FDCWD, "", 0); }
static long try_setrlimit(void) {
  struct rlimit limit = {1, 1};
  return syscall(SYS_setrlimit, RLIMIT_CORE, &limit);
}
static long try_netlink(void) { return socket(AF_NETLINK, SOCK_RAW, 0); }
static long try_packet(void) { return socket(AF_PACKET, SOCK_RAW, 0); }
static long try_inet(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static long try_vsock(void) { return socket(AF_VSOCK, SOCK_STREAM, 0); }
static long try_tiocsti(void) { return ioctl(0, TIOCSTI, "x"); }
static long try_fasync(void) { return fcntl(1, F_SETOWN, getppid()); }
static long try_mmap_code(void) {
  return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
static long try_mprotect_code(void) {
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}
static long try_dumpable(void) { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }
static long try_seccomp(void) { return syscall(SYS_seccomp, 0, 0, NULL); }
static long try_x32(void) { return syscall(0x40000000 | SYS_getpid); }

/* What a handler of its own for refused calls would let it do: go on. */
static void go_on(int signal) { (void)signal; }
static long try_survive(void) {
  signal(SIGSYS, go_on);
  syscall(SYS_swapon, "/none", 0);
  return 0;
}

/* Refused with an error, so that one process can try all of them. */
static long try_self_mem(void) { return opened("/proc/self/mem", O_RDWR); }
static long try_self_exe(void) { return opened("/proc/self/exe", O_RDWR); }
static long try_core_pattern(void) { return opened("/proc/sys/kernel/core_pattern", O_WRONLY); }
static long try_sysrq(void) { return opened("/proc/sysrq-trigger", O_WRONLY); }
static long try_uevent_helper(void) { return opened("/sys/kernel/uevent_helper", O_WRONLY); }
static long try_host_file(void) {
  /* Left open behind the jail's back, as a way out of the mounts would be. */
  return openat(HOST_FD, "etc/passwd", O_RDONLY | O_CLOEXEC);
}
static long try_host_write(void) { return openat(HOST_FD, "tmp/kago-jail-was-open", O_WRONLY | O_CREAT | O_CLOEXEC, 0600); }
static long try_abstract_socket(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0kago-jail-test"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return connect(fd, (struct sockaddr *)&address, sizeof address.sun_family + 15);
}
static long try_device_node(void) {
  if (mknod("/mem", S_IFCHR | 0600, makedev(1, 1)) < 0) return -1;
  long fd = opened("/mem", O_RDWR);
  int error = errno;
  unlink("/mem");
  errno = error;
  return fd;
}
static long try_setuid_file(void) { return setuid(0) < 0 ? -1 : prctl(PR_CAPBSET_READ, 21) == 1 ? 0 : (errno = EPERM, -1); }
static long try_device_command(void) {
  int size = 0;
  return ioctl((int)opened("/dev/null", O_RDWR), FIONREAD, &size);
}
static long try_work(void) {
  int fd = (int)opened("/made-by-vmm", O_RDWR | O_CREAT);
  if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) < 0) return -1;
  if (mkdir("/folder-of-vmm", 0700) < 0 || rename("/made-by-vmm", "/folder-of-vmm/moved") < 0) return -1;
  return unlink("/folder-of-vmm/moved") < 0 ? -1 : rmdir("/folder-of-vmm");
}

static const struct {
  const char *name;
  long (*attack)(void);
} ATTACKS[] = {
#define ATTACK(name) {#name, try_##name}
    ATTACK(mount),        ATTACK(open_tree),   ATTACK(fsopen),       ATTACK(pivot_root),      ATTACK(chroot),
    ATTACK(ptrace),       ATTACK(pidfd_getfd), ATTACK(kexec_load),   ATTACK(init_module),     ATTACK(bpf),
    ATTACK(userfaultfd),  ATTACK(keyctl),      ATTACK(add_key),      ATTACK(perf_event_open), ATTACK(execve),
    ATTACK(execveat),     ATTACK(fork),        ATTACK(clone),        ATTACK(clone3),          ATTACK(unshare),
    ATTACK(setns),        ATTACK(kill),        ATTACK(tgkill),       ATTACK(setrlimit),       ATTACK(netlink),
    ATTACK(packet),       ATTACK(inet),        ATTACK(vsock),        ATTACK(tiocsti),         ATTACK(fasync),
    ATTACK(mmap_code),    ATTACK(dumpable),    ATTACK(seccomp),      ATTACK(x32),             ATTACK(survive),
    ATTACK(self_mem),     ATTACK(self_exe),    ATTACK(core_pattern), ATTACK(sysrq),           ATTACK(uevent_helper),
    ATTACK(host_file),    ATTACK(host_write),  ATTACK(device_node),  ATTACK(abstract_socket), ATTACK(setuid_file),
    ATTACK(device_command), ATTACK(work),      ATTACK(mprotect_code), ATTACK(io_uring_setup),
    ATTACK(open_by_handle_at), ATTACK(process_vm_writev),
};

static void try_one(const char *name) {
  for (size_t i = 0; i < sizeof ATTACKS / sizeof *ATTACKS; i++) {
    if (strcmp(name, ATTACKS[i].name)) continue;
    errno = 0;
    long result = ATTACKS[i].attack();
    dprintf(WORDS_FD, "%s: %s\n", name, result < 0 ? strerror(errno) : "got it");
    return;
  }
  give_up("there is no such attack");
}

_Noreturn void take_over(void) {
  static char words[4096];
  int fd = open("/attack", O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, words, sizeof words - 1);
  if (size <= 0) give_up("cannot read /attack");
  for (char *rest = words, *name; (name = strsep(&rest, "\n"));) {
    if (*name) try_one(name);
  }
  _exit(0);
}
