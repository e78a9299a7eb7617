/** Facts about a running container for a dump, read from /proc. The contents of its root filesystem are hostile. */
import { closeFd } from "../../ffi/descriptors.ts";
import { openInRoot } from "../../ffi/files.ts";
import { freezerFolder } from "../cgroup/life/freezer.ts";
import { SyscallError } from "../common/errors.ts";
import type { Spec } from "../spec/spec.ts";
import type { StoredState } from "../state/container_state.ts";
import type { DumpSubject } from "./dump.ts";
import { externalMounts } from "./externals.ts";
import { ENOENT, ENOTDIR } from "../common/errno.ts";
import { ifThere } from "../common/files.ts";
import { given } from "../common/given.ts";

/** @param state of a container whose Init is alive and held by a pidfd. */
export function readSubject(state: StoredState, spec: Spec): DumpSubject {
  const { pid, rootfs, bundle, cgroup } = state;
  const mountPoints = parseMountPoints(Deno.readTextFileSync(`/proc/${pid}/mountinfo`));
  const freezer = cgroup ? freezerFolder(cgroup)?.path : undefined;
  return {
    pid,
    rootfs,
    spec,
    externals: externalMounts(spec, bundle, cgroup),
    ...given({ freezer }),
    mountAt: (path) => mountAt(`/proc/${pid}/root`, path, mountPoints),
    namespaceInode: (name) => inodeOf(Deno.readLinkSync(`/proc/${pid}/ns/${name}`)),
  };
}

/** The files behind the container's standard streams: `pipe:[1234]`, or a path. */
export function readDescriptors(pid: number): string[] {
  return [0, 1, 2].map((fd) =>
    ifThere(() => Deno.readLinkSync(`/proc/${pid}/fd/${fd}`)) ?? "/dev/null"
  );
}

/** The mount points in a mountinfo's text (field 5 in proc_pid_mountinfo(5)), in which four characters are escaped. */
export function parseMountPoints(mountinfo: string): ReadonlySet<string> {
  const unescape = (text: string) =>
    text.replaceAll(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
  return new Set(
    mountinfo.split("\n").filter(Boolean).map((line) => unescape(line.split(" ")[4]!)),
  );
}

function mountAt(root: string, path: string, mountPoints: ReadonlySet<string>) {
  const fd = tryOpen(root, path);
  if (fd === undefined) return undefined;
  try {
    const mountPoint = Deno.readLinkSync(`/proc/self/fd/${fd}`);
    if (!mountPoints.has(mountPoint)) return undefined;
    const { isCharDevice, rdev } = Deno.statSync(`/proc/self/fd/${fd}`);
    const NULL_RDEV = 1 << 8 | 3;
    return { mountPoint, isNull: isCharDevice === true && rdev === NULL_RDEV };
  } finally {
    closeFd(fd);
  }
}

/** undefined for a missing path. */
function tryOpen(root: string, path: string): number | undefined {
  try {
    return openInRoot(root, path);
  } catch (error) {
    const absent = error instanceof SyscallError && [ENOENT, ENOTDIR].includes(error.errno);
    if (absent) return undefined;
    throw error;
  }
}

/** The number in `net:[4026531840]`. */
function inodeOf(link: string): number {
  return Number(link.slice(link.indexOf("[") + 1, -1));
}
