/** The config.json of `kago spec`: a shell in a read-only root, with the minimum that programs expect. */
import { OCI_VERSION } from "./oci_version.ts";
import type { Linux, Mount, Namespace, Process, Spec } from "./spec.ts";
import { given } from "../common/given.ts";

export interface DefaultSpecOptions {
  /** For a caller without root: a user namespace that maps one id, and nothing that requires more. */
  readonly rootless: boolean;
  /** With `rootless`: the ids that are mapped to 0 in the container; by default the caller's. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A complete spec as a starting point. */
export function defaultSpec(options: DefaultSpecOptions): Spec {
  return {
    ociVersion: OCI_VERSION,
    process: defaultProcess(),
    root: { path: "rootfs", readonly: true },
    hostname: "kago",
    mounts: options.rootless ? rootlessMounts() : defaultMounts(),
    linux: options.rootless
      ? rootlessLinux(options.uid ?? Deno.uid() ?? 0, options.gid ?? Deno.gid() ?? 0)
      : defaultLinux(),
  };
}

function defaultProcess(): Process {
  const kept = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
  return {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: ["sh"],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
    cwd: "/",
    // No inheritable set, and so no ambient set: programs with file capabilities could gain them (CVE-2022-29162).
    capabilities: { bounding: kept, effective: kept, permitted: kept },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  };
}

function defaultMounts(): Mount[] {
  const guarded = ["nosuid", "noexec", "nodev"];
  return [
    { destination: "/proc", type: "proc", source: "proc" },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      // Group 5 is tty in every distribution; grantpt(3) expects it.
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: [...guarded, "mode=1777", "size=65536k"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: guarded },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: [...guarded, "ro"] },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: [...guarded, "relatime", "ro"],
    },
  ];
}

function rootlessMounts(): Mount[] {
  return defaultMounts().flatMap((mount) => {
    switch (mount.destination) {
      case "/dev/pts":
        // Group 5 has no mapping.
        return [{
          ...mount,
          options: (mount.options ?? []).filter((option) => option !== "gid=5"),
        }];
      case "/sys":
        // A new sysfs requires privileges over the network namespace, which is the host's.
        return [{
          ...mount,
          type: "none",
          source: "/sys",
          options: ["rbind", ...mount.options ?? []],
        }];
      default:
        return [mount];
    }
  });
}

function defaultLinux(): Linux {
  return {
    resources: { devices: [{ allow: false, access: "rwm" }] },
    namespaces: namespaces("pid", "network", "ipc", "uts", "mount", "cgroup"),
    maskedPaths: [
      "/proc/acpi",
      "/proc/asound",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/proc/sched_debug",
      "/sys/firmware",
      "/proc/scsi",
    ],
    readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
  };
}

function rootlessLinux(uid: number, gid: number): Linux {
  const { maskedPaths, readonlyPaths } = defaultLinux();
  return {
    uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
    namespaces: namespaces("pid", "ipc", "uts", "mount", "cgroup", "user"),
    ...given({ maskedPaths, readonlyPaths }),
  };
}

function namespaces(...types: Namespace["type"][]): Namespace[] {
  return types.map((type) => ({ type }));
}
