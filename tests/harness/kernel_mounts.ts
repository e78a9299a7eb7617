/** The mounts of kernel filesystems that a process sees. */

const KERNEL_TYPES = new Set([
  ...["proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "devtmpfs", "bpf", "configfs"],
  ...["debugfs", "tracefs", "securityfs", "binfmt_misc", "efivarfs", "fusectl", "pstore"],
]);

export interface KernelMount {
  readonly path: string;
  /** The subtree that is mounted. */
  readonly root: string;
  readonly type: string;
  readonly readonly: boolean;
}

/** Kernel filesystems among the mounts of the process, sorted by path. */
export function kernelMountsOf(pid: number): KernelMount[] {
  return Deno.readTextFileSync(`/proc/${pid}/mountinfo`).trimEnd().split("\n").map((line) => {
    const [own, filesystem] = line.split(" - ") as [string, string];
    const [, , , root, path, options] = own.split(" ") as string[];
    const readonly = options!.split(",").includes("ro");
    return { path: path!, root: root!, type: filesystem.split(" ")[0]!, readonly };
  }).filter(({ type }) => KERNEL_TYPES.has(type))
    .sort((a, b) => a.path < b.path ? -1 : 1);
}
