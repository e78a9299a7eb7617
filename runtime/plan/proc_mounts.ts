/**
 * Mounts on /proc and inside it: with a covered or faked procfs, labels, masks and limits of the container can be bypassed
 * (CVE-2019-16884, CVE-2019-19921). The list is runc's: the files that lxcfs emulates, and two more.
 */
import { SpecError } from "../common/errors.ts";
import { PROCFS } from "./op.ts";

const ALLOWED: ReadonlySet<string> = new Set([
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/meminfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/uptime",
  "/proc/loadavg",
  "/proc/slabinfo",
  "/proc/sys/kernel/ns_last_pid",
  "/proc/sys/crypto/fips_enabled",
]);

/**
 * The check that a mount's operation must do, one of PROCFS. It is done when the mount is made, because only then the
 * target of an image's symlinks is known.
 * @param target without dots and doubled slashes.
 * @param fstype undefined for a bind.
 * @throws {SpecError} for a target that runc refuses too.
 */
export function procfsOf(target: string, fstype: string | undefined, from: string): number {
  if (!target.startsWith("/proc")) return PROCFS.refused;
  if (target === "/proc") {
    if (fstype === undefined) return PROCFS.source;
    if (fstype === "proc") return PROCFS.allowed;
    throw new SpecError(`${from}.destination`, "/proc takes a mount of type proc only");
  }
  if (ALLOWED.has(target)) return PROCFS.allowed;
  if (!target.startsWith("/proc/")) return PROCFS.refused;
  const allowed = [...ALLOWED].join(", ");
  throw new SpecError(
    `${from}.destination`,
    `${target} is inside /proc, where only ${allowed} may be mounted on`,
  );
}
