/**
 * Checks of `linux.sysctl`: a container may set values of its own namespaces, never those of the whole host. The plan sets
 * them.
 */
import { SpecError } from "../../common/errors.ts";
import { formatPath } from "../json_path.ts";
import { findNamespace } from "../namespaces.ts";
import type { NamespaceType, Spec } from "../spec.ts";
import { sysctlPath } from "../sysctl.ts";

/** ipc_namespaces(7); /proc/sys/fs/mqueue belongs to it too. */
const IPC_SYSCTLS: ReadonlySet<string> = new Set([
  "kernel/msgmax",
  "kernel/msgmnb",
  "kernel/msgmni",
  "kernel/sem",
  "kernel/shmall",
  "kernel/shmmax",
  "kernel/shmmni",
  "kernel/shm_rmid_forced",
]);

/** Each sysctl belongs to a namespace that the container has. */
export function sysctlsAreNamespaced(spec: Spec): void {
  for (const [name, value] of Object.entries(spec.linux?.sysctl ?? {})) {
    const problem = problemOf(spec, sysctlPath(name), value);
    if (problem) throw new SpecError(formatPath(["linux", "sysctl", name]), problem);
  }
}

function problemOf(spec: Spec, path: string | undefined, value: string): string | undefined {
  if (!path) return "is not the name of a sysctl, such as net.ipv4.ip_forward";
  if (path === "kernel/hostname") return "is set by the field hostname: use that field";
  if (path === "kernel/domainname" && spec.domainname && spec.domainname !== value) {
    return `differs from the field domainname, "${spec.domainname}": leave one of them out`;
  }
  const type = namespaceOf(path);
  if (!type) return "belongs to the whole host: it is not part of a namespace";
  return findNamespace(spec, type)
    ? undefined
    : `would change the host: it needs ${type} in linux.namespaces`;
}

function namespaceOf(path: string): NamespaceType | undefined {
  if (IPC_SYSCTLS.has(path) || path.startsWith("fs/mqueue/")) return "ipc";
  if (path.startsWith("net/")) return "network";
  // Limits of the user namespace; on the host they would apply to all users.
  if (path.startsWith("user/")) return "user";
  return path === "kernel/domainname" ? "uts" : undefined;
}
