/** Operations on the root filesystem and the host name, the same on the host and in a guest. */
import { SpecError } from "../common/errors.ts";
import type { Spec } from "../spec/spec.ts";
import { sysctlPath } from "../spec/sysctl.ts";
import type { CompileInput } from "./compile_input.ts";
import { MOUNT_ATTR, PROPAGATION } from "./mount_options.ts";
import { unnamedAttributes } from "./mount_attributes.ts";
import type { Op } from "./op.ts";
import { joinPath } from "../common/path.ts";

/** The default is private, as with runc since 1.1.15 and crun: later mounts of the host do not propagate into it. */
const DEFAULT_PROPAGATION = "private";

/** `linux.rootfsPropagation` as flags of mount(2). */
export function propagationOf({ spec }: CompileInput): number {
  return PROPAGATION[spec.linux?.rootfsPropagation ?? DEFAULT_PROPAGATION]!;
}

export function rootAttributeOps(input: CompileInput): readonly Op[] {
  const { spec } = input;
  const propagation = propagationOf(input);
  const change = { set: MOUNT_ATTR.RDONLY, clear: 0n };
  if (spec.root?.readonly) {
    return [rootOp(change.set, unnamedAttributes(change), propagation, "root.readonly")];
  }
  const index = spec.linux?.readonlyPaths?.findIndex(isRoot) ?? -1;
  if (index >= 0) return [rootOp(change.set, 0n, propagation, `linux.readonlyPaths[${index}]`)];
  return [rootOp(0n, 0n, propagation, "linux.rootfsPropagation")];
}

/** Does rootAttributeOps() make the root filesystem read-only? */
export function isRootReadonly({ root, linux }: Spec): boolean {
  return root?.readonly || linux?.readonlyPaths?.some(isRoot) || false;
}

function rootOp(attrsSet: bigint, attrsUnnamed: bigint, propagation: number, from: string): Op {
  return { op: "rootAttributes", attrsSet, attrsUnnamed, propagation, from };
}

function isRoot(path: string): boolean {
  return joinPath("/", path) === "/";
}

export function sysctlOps({ spec }: CompileInput): readonly Op[] {
  return Object.entries(spec.linux?.sysctl ?? {}).map(([name, value]) => {
    const from = `linux.sysctl["${name}"]`;
    const key = sysctlPath(name);
    if (key === undefined) throw new SpecError(from, "is not the name of a sysctl");
    return { op: "sysctl", key, value, from };
  });
}

export function protectionOps({ spec }: CompileInput): readonly Op[] {
  return [
    ...(spec.linux?.readonlyPaths ?? []).flatMap((path, index): Op[] =>
      // The root becomes read-only only after everything is made in it.
      isRoot(path) ? [] : [{ op: "readonlyPath", path, from: `linux.readonlyPaths[${index}]` }]
    ),
    ...(spec.linux?.maskedPaths ?? []).map((path, index): Op => ({
      op: "maskPath",
      path,
      context: spec.linux?.mountLabel ?? "",
      from: `linux.maskedPaths[${index}]`,
    })),
  ];
}

export function hostnameOps({ spec }: CompileInput): readonly Op[] {
  const ops: Op[] = [];
  if (spec.hostname) ops.push({ op: "sethostname", name: spec.hostname, from: "hostname" });
  if (spec.domainname) ops.push({ op: "setdomainname", name: spec.domainname, from: "domainname" });
  return ops;
}
