/** Device nodes and symlinks of /dev: the spec's default ones ("Default Devices") and `linux.devices`. */
import type { Device, Mount } from "../spec/spec.ts";
import type { CompileInput } from "./compile_input.ts";
import { parseMountOptions } from "./mount_options.ts";
import type { Op } from "./op.ts";

/** Path, major, minor; all are character devices of mode 0666. */
const DEFAULT_DEVICES: readonly (readonly [string, number, number])[] = [
  ["/dev/null", 1, 3],
  ["/dev/zero", 1, 5],
  ["/dev/full", 1, 7],
  ["/dev/random", 1, 8],
  ["/dev/urandom", 1, 9],
  ["/dev/tty", 5, 0],
];

export const DEFAULT_DEVICE_PATHS: readonly string[] = DEFAULT_DEVICES.map(([path]) => path);

const DEFAULT_LINKS: readonly (readonly [string, string])[] = [
  ["/dev/fd", "/proc/self/fd"],
  ["/dev/stdin", "/proc/self/fd/0"],
  ["/dev/stdout", "/proc/self/fd/1"],
  ["/dev/stderr", "/proc/self/fd/2"],
  ["/dev/core", "/proc/kcore"],
];

const FILE_TYPE: Readonly<Record<Device["type"], number>> = {
  c: 0o020000,
  u: 0o020000,
  b: 0o060000,
  p: 0o010000,
};
const DEFAULT_MODE = 0o666;

/** Nodes and symlinks; none when /dev is a bind mount of the host's. */
export function deviceOps({ spec }: CompileInput): readonly Op[] {
  if (spec.mounts?.some(isBoundDev)) return [];
  const own = (spec.linux?.devices ?? []).map(withoutSlash);
  const replaced = new Set(own.map((device) => device.path));
  const defaults = DEFAULT_DEVICES.filter(([path]) => !replaced.has(path))
    .map(([path, major, minor]) => nodeOp({ type: "c", path, major, minor }, "default devices"));
  return [
    ...defaults,
    ...own.map((device, index) => nodeOp(device, `linux.devices[${index}]`)),
    ...DEFAULT_LINKS.map(([path, target]) => linkOp(path, target, 0)),
    // An image's own /dev/ptmx would open the host's terminals.
    linkOp("/dev/ptmx", "pts/ptmx", 1),
  ];
}

/** With a trailing slash, the path would be resolved as a directory. */
function withoutSlash(device: Device): Device {
  const path = device.path.replace(/\/+$/, "");
  return path === device.path ? device : { ...device, path };
}

function isBoundDev(mount: Mount): boolean {
  const bound = mount.type === "bind" || parseMountOptions(mount.options ?? []).bind;
  return bound && (mount.destination === "/dev" || mount.destination === "/dev/");
}

function nodeOp(device: Device, from: string): Op {
  return {
    op: "mknod",
    path: device.path,
    mode: FILE_TYPE[device.type] | ((device.fileMode ?? DEFAULT_MODE) & 0o7777),
    major: device.major ?? 0,
    minor: device.minor ?? 0,
    uid: device.uid ?? 0,
    gid: device.gid ?? 0,
    from,
  };
}

function linkOp(path: string, target: string, replace: number): Op {
  return { op: "symlink", target, path, replace, from: "default devices" };
}
