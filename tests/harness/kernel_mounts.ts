/** What a process sees of its kernel's own filesystems. */

const KERNEL_TYPES = new Set([
  ...["proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "devtmpfs", "bpf", "configfs"],
  ...["debugfs", "tracefs", "securityfs", "binfmt_misc", "efivarfs", "fusectl", "pstore"],
]);

export interface KernelMount {
  readonly path: string;
  /** Which part of the filesystem. */
  readonly root: string;
  readonly type: string;
  readonly readonly: boolean;
}

/** Those among the mounts of the process, in the order of their paths. */
export function kernelMountsOf(pid: number): KernelMount[] {
  return Deno.readTextFileSync(`/proc/${pid}/mountinfo`).trimEnd().split("\n").map((line) => {
    const [own, filesystem] = line.split(" - ") as [string, string];
    const [, , , root, path, options] = own.split(" ") as string[];
    const readonly = options!.split(",").includes("ro");
    return { path: path!, root: root!, type: filesystem.split(" ")[0]!, readonly };
  }).filter(({ type }) => KERNEL_TYPES.has(type))
    .sort((a, b) => a.path < b.path ? -1 : 1);
}
