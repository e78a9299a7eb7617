/** Operations on the root filesystem and the host's names, the same on the host and in a guest. */
import { SpecError } from "../errors.ts";
import { sysctlPath } from "../spec/sysctl.ts";
import type { CompileInput } from "./compile_input.ts";
import { MOUNT_ATTR, PROPAGATION } from "./mount_options.ts";
import type { Op } from "./op.ts";

export function rootAttributeOps({ spec }: CompileInput): readonly Op[] {
  const attrsSet = spec.root?.readonly ? MOUNT_ATTR.RDONLY : 0n;
  const propagation = PROPAGATION[spec.linux?.rootfsPropagation ?? ""] ?? 0;
  if (!attrsSet && !propagation) return [];
  return [{ op: "rootAttributes", attrsSet, propagation, from: "root.readonly" }];
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
    ...(spec.linux?.readonlyPaths ?? []).map((path, index): Op => ({
      op: "readonlyPath",
      path,
      from: `linux.readonlyPaths[${index}]`,
    })),
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
