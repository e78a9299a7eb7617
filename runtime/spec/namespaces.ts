/** The namespace types of `linux.namespaces`, with the kernel's names. The plan joins and creates namespaces. */
import type { Namespace, NamespaceType, Spec } from "./spec.ts";

export interface NamespaceInfo {
  /** The CLONE_NEW* flag (linux/sched.h). CLONE_NEWTIME is for unshare(2) and clone3(2) only. */
  readonly flag: number;
  /** The file's name below /proc/PID/ns. */
  readonly procName: string;
}

export const NAMESPACES: Readonly<Record<NamespaceType, NamespaceInfo>> = {
  mount: { flag: 0x00020000, procName: "mnt" },
  cgroup: { flag: 0x02000000, procName: "cgroup" },
  uts: { flag: 0x04000000, procName: "uts" },
  ipc: { flag: 0x08000000, procName: "ipc" },
  user: { flag: 0x10000000, procName: "user" },
  pid: { flag: 0x20000000, procName: "pid" },
  network: { flag: 0x40000000, procName: "net" },
  time: { flag: 0x00000080, procName: "time" },
};

/** The spec's namespace of a type, new or joined; undefined when the container shares the runtime's. */
export function findNamespace(spec: Spec, type: NamespaceType): Namespace | undefined {
  return spec.linux?.namespaces?.find((namespace) => namespace.type === type);
}
