/** The facts in which kago may differ from both runc and crun, and why. */

export interface Deviation {
  /** Matches the fact's name. */
  readonly fact: RegExp;
  /** Matches the bundle's name; absent: any bundle. */
  readonly bundle?: RegExp;
  /** Is this kago's value, of all possible different ones? Undefined stands for a missing fact. */
  allows(
    difference: Readonly<
      Record<"runc" | "crun" | "kago", string | undefined> & { fact: string }
    >,
  ): boolean;
  readonly why: string;
}

/** The masked paths of bundles: those of the default one, and of the variations of maskedPaths. */
const MASKED_FOLDERS = [
  ...["/proc/acpi", "/proc/asound", "/proc/scsi", "/sys/firmware"],
  ...["/home", "/proc/sys", "/sys/kernel"],
];
const MASKED_FILES = [
  ...["/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list"],
  ...["/proc/timer_stats", "/proc/sched_debug", "/etc/passwd"],
];

/** Real-time signals 32 and 33; signal numbers start at 1. */
const LIBC_SIGNALS = (1n << 31n) | (1n << 32n);

/** Depends on how the tests were started. */
export const IGNORED_SIGNALS: Deviation = {
  fact: /^status SigIgn$/,
  allows: ({ runc, crun, kago }) => {
    const peer = runc ?? crun;
    if (kago === undefined || peer === undefined) return false;
    return BigInt(`0x${kago}`) === (BigInt(`0x${peer}`) & ~LIBC_SIGNALS);
  },
  why: "kago does not pass on that the C library's own signals 32 and 33 were ignored",
};

export const DEVIATIONS: readonly Deviation[] = [
  {
    fact: /^outcome$/,
    bundle: /namespaces: time\b/,
    allows: ({ kago }) => kago === "ran and ended with 7",
    why: "time namespaces came to the spec with 1.1; runc 1.1 and crun 1.8 fail",
  },
  {
    fact: /^outcome$/,
    bundle: /cgroupsPath: with dots/,
    allows: ({ kago }) => kago === "ended with 1 before the probe",
    why: "kago refuses .. in a cgroup's path rather than leave the parent that was asked for",
  },
  IGNORED_SIGNALS,
  {
    fact: /^cgroupLimits devices\/devices\.list$/,
    allows: ({ runc, kago }) => kago === runc?.replace(" c 10:200 rwm,", ""),
    why: "/dev/net/tun is not among the spec's default devices; later versions of runc deny it too",
  },
  {
    fact: /^mountinfo \/sys\/fs\/cgroup options$/,
    allows: ({ runc, kago }) => kago === runc?.replace(/^rw,/, "ro,"),
    why: "config.json asks for ro; the others leave the folder above the v1 hierarchies writable",
  },
  {
    fact: new RegExp(`^mountinfo (${MASKED_FOLDERS.join("|")}) filesystem( #\\d)?$`),
    allows: ({ runc, crun, kago }) =>
      crun === "rw,size=0k" && kago === "rw" ||
      [runc, crun].some((text) => kago === text?.replace(/^r[ow],size=4k,nr_inodes=1/, "ro")),
    why: "the tmpfs of a masked path is mounted read-only, so it needs no size",
  },
  {
    fact: new RegExp(`^mountinfo (${MASKED_FOLDERS.join("|")}) (source|filesystem)( #\\d)?$`),
    allows: ({ runc, crun, kago }) =>
      runc === undefined && (crun?.includes("/.empty-directory ") || !crun?.startsWith("ro")) &&
      ["/ tmpfs tmpfs", "ro"].includes(kago!),
    why: "crun since 1.22 binds an empty folder of its state over a masked one, where runc fails",
  },
  {
    fact: /^cgroupLimits devices\/devices\.list$/,
    bundle: /devices: a default one again/,
    allows: ({ kago }) => kago?.includes("c 1:5 rwm") ?? false,
    why: "a default device that config.json names once more stays allowed, by the spec",
  },
  {
    fact: new RegExp(`^mountinfo (${MASKED_FILES.join("|")}) options$`),
    allows: ({ crun, kago }) => crun === "ro,relatime" && kago === "ro,nosuid,noexec,relatime",
    why: "the /dev/null over a masked file allows nothing that is not needed",
  },
  {
    fact: /^mountinfo \/dev\/(null|zero|full|tty|u?random) options$/,
    bundle: /namespaces: user/,
    allows: ({ kago }) => kago === "ro,relatime",
    why: "a device of the host that is bound can be written to, but its mode and owner not changed",
  },
  {
    fact: /^mountinfo \/data(\/inner)? propagation$/,
    bundle: /^(?=.*rootfsPropagation: (private|slave|unbindable))(?=.*rshared)/,
    allows: ({ runc, crun, kago }) => (runc ?? crun) === "shared" && kago === "shared master",
    why: "what a container mounts reaches the host only with a shared root",
  },
  {
    fact: /^mountinfo \/data(\/inner)? propagation$/,
    bundle: /^(?=.*rootfsPropagation: (private|slave|unbindable))(?!.*rshared)/,
    allows: ({ runc, crun, kago }) => (runc ?? crun) === "shared" && kago === "master",
    why: "the bind of a host's shared mount stays its slave unless the root is to be shared",
  },
  {
    fact: /^mountinfo \/ propagation$/,
    bundle: /rootfsPropagation: r?(slave|shared)/,
    allows: ({ kago }) => kago === "master" || kago === "shared",
    why: "the root has the propagation that config.json asks for; runc since 1.1.15 has it private",
  },
  {
    fact: /^mountinfo \/(data|etc|home)\S* propagation$/,
    allows: ({ runc, kago }) =>
      runc === "" && kago === "master" || runc === "shared" && kago === "shared master",
    why:
      "runc since 1.1.15 makes the mount private that the root comes from, and these sources are on it",
  },
  {
    fact: /^mountinfo \/(sys\/fs\/cgroup|proc\/sys|dev\/\w+) /,
    bundle: /^(?=.*namespaces: user)(?=.*maskedPaths: in a read-only place)/,
    allows: ({ runc, kago = "" }) =>
      runc === undefined &&
      ["rw,mode=755,uid=100000,gid=100000", "master", "/sys proc proc", "rw"].includes(kago),
    why:
      "runc since 1.3 fails where /proc/sys is masked; kago shows what older ones do, and not crun's",
  },
  {
    fact: /^mountinfo \/etc filesystem$/,
    bundle: /tmpcopyup/,
    allows: ({ runc, kago }) => kago === runc?.replace(",mode=755", ""),
    why: "a copied folder's mode is given with its owner, not as an option that is seen",
  },
  {
    fact: new RegExp(`^mountinfo (${MASKED_FILES.join("|")}) propagation$`),
    allows: ({ runc, crun, kago }) =>
      kago === "" || kago === "shared" && (runc ?? crun) === "shared master",
    why: "the /dev/null over a masked file does not stay a peer or slave of the host's",
  },
];
