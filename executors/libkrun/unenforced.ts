/**
 * Without kago's agent libkrun's own init runs the process: as root of the guest, with all capabilities, on a /proc, /sys
 * and /dev that it has mounted itself. Settings of config.json that would not be enforced are refused. The host still
 * confines the VMM (its root, its mounts' contents, its cgroup), so this module does not check those.
 */
import { SpecError } from "../../runtime/common/errors.ts";
import { capabilityMask, DEFAULT_UMASK } from "../../runtime/plan/process.ts";
import { MOUNT_ATTR, parseMountOptions } from "../../runtime/plan/mount_options.ts";
import { joinPath } from "../../runtime/common/path.ts";
import type { Process, Spec } from "../../runtime/spec/spec.ts";

/**
 * @param own kago's own capability bounding set, as a mask.
 * @throws {SpecError} naming the first field that would not be enforced.
 */
export function refuseUnenforced(spec: Spec, own = boundingSet()): void {
  const field = unenforcedUser(spec.process) ?? unenforcedRights(spec.process, own) ??
    unenforcedPaths(spec) ?? unenforcedMount(spec);
  if (field === undefined) return;
  throw new SpecError(
    field,
    "is enforced in a guest by kago's agent, which this microVM does not have (krun.agent, " +
      "krun.variant, krun.custom_kernel, virtiofs_tag): run it with the agent, or leave the restriction out",
  );
}

/** libkrun's init is root, has no supplementary groups, and the kernel's umask. */
function unenforcedUser({ user = {} }: Process = { cwd: "/" }): string | undefined {
  if (user.uid) return "process.user.uid";
  if (user.gid) return "process.user.gid";
  if (user.additionalGids?.some((gid) => gid !== 0)) return "process.user.additionalGids";
  return user.umask !== undefined && (user.umask & ~DEFAULT_UMASK) !== 0
    ? "process.user.umask"
    : undefined;
}

/**
 * A config.json without capabilities requests a process with none; one with all of kago's own removes none.
 * @param own kago's bounding set.
 */
function unenforcedRights(
  { capabilities = {}, noNewPrivileges, rlimits = [] }: Process = { cwd: "/" },
  own: bigint,
): string | undefined {
  for (const set of ["bounding", "effective", "permitted"] as const) {
    if ((own & ~capabilityMask(capabilities[set])) !== 0n) return `process.capabilities.${set}`;
  }
  if (noNewPrivileges) return "process.noNewPrivileges";
  return rlimits.length > 0 ? "process.rlimits" : undefined;
}

/** The guest's init mounts these itself, which hides the host's mounts there. */
const MOUNTED_BY_INIT = ["/proc", "/sys", "/dev"] as const;

function isMountedByInit(path: string): boolean {
  const real = joinPath("/", path);
  return MOUNTED_BY_INIT.some((place) => real === place || real.startsWith(`${place}/`));
}

function unenforcedPaths({ linux = {} }: Spec): string | undefined {
  if (Object.keys(linux.sysctl ?? {}).length > 0) return "linux.sysctl";
  for (const list of ["maskedPaths", "readonlyPaths"] as const) {
    const index = linux[list]?.findIndex(isMountedByInit) ?? -1;
    if (index >= 0) return `linux.${list}[${index}]`;
  }
  return undefined;
}

/**
 * Elsewhere the host enforces a read-only mount, but nosuid, nodev and noexec are up to the guest's kernel. Init's own
 * mounts are writable, nosuid, noexec and (except /dev) nodev.
 */
function unenforcedMount({ mounts = [] }: Spec): string | undefined {
  const { RDONLY, NOSUID, NODEV, NOEXEC, NOSYMFOLLOW } = MOUNT_ATTR;
  const index = mounts.findIndex(({ destination, options = [] }) => {
    const { attrs, recAttrs } = parseMountOptions(options);
    const lost = isMountedByInit(destination)
      ? RDONLY | NOSYMFOLLOW
      : NOSUID | NODEV | NOEXEC | NOSYMFOLLOW;
    return ((attrs.set | recAttrs.set) & lost) !== 0n;
  });
  return index < 0 ? undefined : `mounts[${index}].options`;
}

/** The capabilities that this process could pass on (proc_pid_status(5)). */
function boundingSet(): bigint {
  const status = Deno.readTextFileSync("/proc/self/status");
  return BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)![1]}`);
}
