/**
 * The system calls that a VMM may make once its guest runs: a table, from which scripts/generate_calls.ts writes
 * helper-c/vmm/jail/calls.gen.h. Measured with the tests of microVMs over libkrun 1.17, and read from libkrun's sources where no
 * test covers them. Any other call kills the VMM, which prints its name (helper-c/vmm/jail/trap.c).
 */
import type { Feature } from "./vmm_features.ts";
import { ENOSYS } from "../../runtime/common/errno.ts";

/** An argument, of which libkrun and the kernel use 32 bits: `(argument & mask) == value`. */
export interface Rule {
  readonly argument: number;
  /** All bits by default. */
  readonly mask?: number;
  readonly value: number | "ownPid";
}

export interface Call {
  readonly name: string;
  /** The part of libkrun that needs it; absent if every VM needs it. */
  readonly feature?: Feature;
  /** Any of these arguments; absent for all arguments. */
  readonly only?: readonly Rule[];
  /** The call is not made, and returns -errno: 0 pretends success. */
  readonly answer?: number;
}

/** Calls with any arguments. */
function all(names: string, feature?: Feature): readonly Call[] {
  return names.split(/\s+/).filter(Boolean).map((name) => feature ? { name, feature } : { name });
}

/** One call with one of these values as an argument. */
function values(
  name: string,
  argument: number,
  values: readonly number[],
  feature?: Feature,
): Call {
  const call = { name, only: values.map((value) => ({ argument, value })) };
  return feature ? { ...call, feature } : call;
}

const PROT_EXEC = 4;
const SIGSYS = 31;
const AF = { UNIX: 1, INET: 2, INET6: 10, VSOCK: 40 } as const;
/** glibc's flags for a thread: CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID. */
const THREAD = 0x3d0f00;
/** prctl(2). libcap-ng reads the bounding and the ambient set, one call each, if there is no /proc/self/status. */
const PR = {
  GET_NAME: 16,
  SET_NAME: 15,
  CAPBSET_READ: 23,
  GET_SECUREBITS: 27,
  CAP_AMBIENT: 47,
  SET_VMA: 0x53564d41,
};
const CLONE_FS = 0x200;
/** ioctl(2), asm-generic/ioctls.h and linux/fs.h. */
const IOCTL = {
  // TCGETS and TCSETS with their variants, TIOCGWINSZ; TCGETS2 and TCSETS2, which glibc uses instead since 2.42.
  terminal: [
    0x5401,
    0x5402,
    0x5403,
    0x5404,
    0x5413,
    0x802c542a,
    0x402c542b,
    0x402c542c,
    0x402c542d,
  ],
  descriptor: [0x5421, 0x541b, 0x5450, 0x5451],
  /** TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ. */
  tap: [0x400454ca, 0x400454d0, 0x400454d8],
  /** BLKSSZGET, BLKGETSIZE64, BLKPBSZGET, BLKDISCARD, BLKZEROOUT. */
  disks: [0x1268, 0x80081272, 0x127b, 0x1277, 0x127f],
} as const;
const KVM = 0xae00;
/** By type: DRM, DMA buffers, udmabuf, sync files. */
const GPU = [0x6400, 0x6200, 0x7500, 0x3e00] as const;
/** fcntl(2): flags, duplicates, locks, pipe sizes; no owner and no signal, which would affect other processes. */
const FCNTL = [0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1031, 1032] as const;

/** The kernel caches which calls are always allowed; those with rules come first, as they are looked up each time. */
export const VMM_CALLS: readonly Call[] = [
  {
    name: "ioctl",
    only: [
      { argument: 1, mask: 0xff00, value: KVM },
      ...[...IOCTL.terminal, ...IOCTL.descriptor].map((value) => ({ argument: 1, value })),
    ],
  },
  values("ioctl", 1, IOCTL.tap, "tap"),
  values("ioctl", 1, IOCTL.disks, "disks"),
  {
    name: "ioctl",
    feature: "gpu",
    only: GPU.map((value) => ({ argument: 1, mask: 0xff00, value })),
  },
  { name: "ioctl", feature: "sev", only: [{ argument: 1, mask: 0xff00, value: 0x5300 }] },
  values("fcntl", 1, FCNTL),
  // No memory becomes executable, except code that a graphics driver compiles.
  { name: "mmap", only: [{ argument: 2, mask: PROT_EXEC, value: 0 }] },
  { name: "mmap", feature: "gpu" },
  { name: "mprotect", only: [{ argument: 2, mask: PROT_EXEC, value: 0 }] },
  { name: "mprotect", feature: "gpu" },
  values("clone", 0, [THREAD]),
  // glibc tries it first, and its flags are in memory, which a filter cannot read.
  { name: "clone3", answer: ENOSYS },
  values("unshare", 0, [CLONE_FS]),
  values("socket", 0, [AF.UNIX]),
  values("socket", 0, [AF.INET, AF.INET6], "tsi"),
  values("socket", 0, [AF.VSOCK], "nitro"),
  values("socketpair", 0, [AF.UNIX]),
  values("prctl", 0, Object.values(PR)),
  // The jail keeps its handler, which names a refused call.
  { name: "rt_sigaction", only: [{ argument: 0, value: SIGSYS }], answer: 0 },
  { name: "rt_sigaction" },
  { name: "tgkill", only: [{ argument: 0, value: "ownPid" }] },
  values("prlimit64", 0, [0]),
  // Only of the calling thread: a pid could be any process's.
  values("sched_setaffinity", 0, [0]),

  // New directories are watched; the fanotify group is created before.
  ...all("fanotify_mark name_to_handle_at", "watch"),

  // I/O.
  ...all("read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek sendfile"),
  ...all(
    "copy_file_range splice fallocate ftruncate fsync fdatasync sync_file_range syncfs fadvise64",
  ),
  // The guest's files.
  ...all(
    "openat openat2 open close close_range dup dup2 dup3 getdents64 getcwd chdir fchdir flock",
  ),
  ...all(
    "fstat newfstatat statx stat lstat fstatfs statfs access faccessat faccessat2 readlink readlinkat",
  ),
  ...all("mkdir mkdirat mknodat linkat symlinkat unlink unlinkat rename renameat renameat2 rmdir"),
  ...all("fchmod fchmodat fchmodat2 fchown fchownat utimensat umask truncate"),
  ...all(
    "getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr flistxattr",
  ),
  ...all("removexattr lremovexattr fremovexattr"),
  // Credentials: a thread takes the ids of the guest's user for one call; capabilities can only be dropped.
  ...all(
    "getuid geteuid getgid getegid getgroups setresuid setresgid setfsuid setfsgid capget capset",
  ),
  // Sockets, of the families above.
  ...all(
    "bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt",
  ),
  ...all("sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg"),
  // Waiting, and time.
  ...all("poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2"),
  ...all("eventfd2 pipe2 timerfd_create timerfd_settime timerfd_gettime nanosleep clock_nanosleep"),
  ...all("clock_gettime clock_getres gettimeofday time pause restart_syscall"),
  // Memory and threads.
  ...all("munmap mremap madvise brk mincore membarrier memfd_create mlock munlock"),
  ...all(
    "futex sched_yield sched_getaffinity sched_getparam sched_getscheduler getcpu",
  ),
  ...all(
    "set_robust_list get_robust_list rseq set_tid_address gettid getpid getppid exit exit_group",
  ),
  ...all("rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait sigaltstack"),
  ...all("getrandom uname sysinfo getrlimit getrusage arch_prctl"),
];
