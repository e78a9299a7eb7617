/** A compile input for tests: a minimal container, changed by what a test is about. */
import type { CompileInput } from "../../../runtime/plan/compile_input.ts";
import type { Op } from "../../../runtime/plan/op.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";

export const PROCESS = { cwd: "/", args: ["sh"], env: ["PATH=/bin"] } as const;

/** What becomes of a process that asks for nothing in particular. */
export const IDENTITY: readonly Op[] = [
  { op: "umask", mask: 0o022, from: "process.user.umask" },
  { op: "capBounding", mask: 0n, from: "process.capabilities.bounding" },
  { op: "keepCaps" },
  { op: "setgroups", gids: [], from: "process.user.additionalGids" },
  { op: "setgid", gid: 0, from: "process.user.gid" },
  { op: "setuid", uid: 0, from: "process.user.uid" },
  { op: "chdir", path: "/", from: "process.cwd" },
  { op: "capset", effective: 0n, permitted: 0n, inheritable: 0n, from: "process.capabilities" },
  { op: "capAmbient", mask: 0n, from: "process.capabilities.ambient" },
];

/** A spec with the namespaces named and a process. */
export function specWith(namespaces: readonly string[], rest: Partial<Spec> = {}): Spec {
  return {
    ociVersion: "1.2.0",
    root: { path: "rootfs" },
    process: PROCESS,
    ...rest,
    linux: { namespaces: namespaces.map((type) => ({ type })) as never, ...rest.linux },
  };
}

export function inputOf(spec: Spec, rest: Partial<CompileInput> = {}): CompileInput {
  return {
    id: "box",
    spec,
    bundle: "/bundle",
    rootfs: "/bundle/rootfs",
    host: { uid: 0, gid: 0, env: [] },
    preserveFds: 0,
    noPivot: false,
    noNewKeyring: false,
    ...rest,
  };
}
