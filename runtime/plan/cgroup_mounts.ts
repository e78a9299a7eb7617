/**
 * A mount of type `cgroup`: on v2 the unified hierarchy; on v1 a tmpfs with one folder per hierarchy. In a cgroup namespace
 * the filesystems are mounted again and show the namespace's cgroup as their root; without one, the container's own folders
 * are bound instead.
 */
import type { Mount } from "../spec/spec.ts";
import { type CgroupFacts, type CompileInput, namespaceOf } from "./compile_input.ts";
import { filesystemOp } from "./filesystem.ts";
import { newAttributes, remountReadonly } from "./mount_attributes.ts";
import { MOUNT_ATTR, type MountOptions } from "./mount_options.ts";
import { LINKS, NO_SLOT, type Op, PROCFS } from "./op.ts";
import { labelOptions } from "./selinux.ts";

export function cgroupMountOps(
  input: CompileInput,
  mount: Mount,
  options: MountOptions,
  from: string,
): readonly Op[] {
  const cgroup = input.cgroup;
  if (!cgroup || cgroup.hierarchies.length === 0) return [];
  const fresh = namespaceOf(input.spec, "cgroup") !== undefined;
  if (cgroup.version === 2) {
    const path = cgroup.hierarchies[0]!.path;
    return [
      fresh
        ? cgroupFilesystemOp("cgroup2", mount.destination, [], options, from)
        : bindOp(path, mount.destination, options, from),
    ];
  }
  return v1Ops(input, cgroup, fresh, mount, options, from);
}

function v1Ops(
  { spec }: CompileInput,
  cgroup: CgroupFacts,
  fresh: boolean,
  mount: Mount,
  options: MountOptions,
  from: string,
): readonly Op[] {
  const { destination } = mount;
  const attrs = newAttributes(options);
  const writable = {
    ...options,
    attrs: { set: attrs & ~MOUNT_ATTR.RDONLY, clear: 0n },
    recAttrs: { set: 0n, clear: 0n },
  };
  const folder = ["mode=755", ...labelOptions(spec, "tmpfs")];
  const ops: Op[] = [cgroupFilesystemOp("tmpfs", destination, folder, writable, from)];
  for (const { name, data, path } of cgroup.hierarchies) {
    const target = `${destination}/${name}`;
    ops.push(
      fresh
        ? cgroupFilesystemOp("cgroup", target, data.split(","), options, from)
        : bindOp(path, target, options, from),
    );
    if (!name.includes(",")) continue;
    for (const controller of name.split(",")) {
      ops.push({
        op: "symlink",
        target: name,
        path: `${destination}/${controller}`,
        replace: 0,
        from,
      });
    }
  }
  if (attrs & MOUNT_ATTR.RDONLY) ops.push({ ...remountReadonly(destination), from });
  return ops;
}

function cgroupFilesystemOp(
  fstype: string,
  target: string,
  data: readonly string[],
  options: MountOptions,
  from: string,
): Op {
  return filesystemOp({
    fstype,
    source: fstype === "cgroup2" ? "cgroup" : fstype,
    target,
    options: data,
    attrs: newAttributes(options),
    propagation: options.propagation,
    noFollow: 0,
    copyUp: false,
    procfs: PROCFS.refused,
    from,
  });
}

function bindOp(source: string, target: string, options: MountOptions, from: string): Op {
  return {
    op: "bind",
    source,
    target,
    recursive: 0,
    attrsSet: newAttributes(options),
    attrsClear: options.attrs.clear,
    attrsUnnamed: 0n,
    recAttrsSet: 0n,
    recAttrsClear: 0n,
    propagation: options.propagation,
    slot: NO_SLOT,
    noFollow: 0,
    procfs: PROCFS.refused,
    links: LINKS.follow,
    from,
  };
}
