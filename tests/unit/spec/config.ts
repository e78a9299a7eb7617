/** Configs for the tests of the spec: a small valid one, and changes to a config by path. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";

/** A change: `process.args[0]` or the like, and what is put there; undefined removes the property. */
export type Change = readonly [path: string, value: unknown];

/** A valid config.json with all namespaces but user and time, as a value of JSON. */
export const SMALL_CONFIG = {
  ociVersion: "1.2.0",
  root: { path: "rootfs" },
  process: { cwd: "/", args: ["sh"], env: ["PATH=/bin"], user: { uid: 0, gid: 0 } },
  hostname: "box",
  mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
  linux: {
    namespaces: ["pid", "network", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })),
  },
};

/** A copy of `config` with changes; objects and lists on the way are made. Keys are plain words. */
export function change(config: unknown, ...changes: readonly Change[]): Record<string, unknown> {
  // Not structuredClone(), which keeps parts shared that occur twice.
  const copy = JSON.parse(JSON.stringify(config)) as Record<string, unknown>;
  for (const [path, value] of changes) {
    const keys = path.split(/[.[\]]+/).filter((key) => key !== "")
      .map((key) => /^\d+$/.test(key) ? Number(key) : key);
    let at = copy as Record<string | number, unknown>;
    for (const [index, key] of keys.slice(0, -1).entries()) {
      at[key] ??= typeof keys[index + 1] === "number" ? [] : {};
      at = at[key] as Record<string | number, unknown>;
    }
    if (value === undefined) delete at[keys.at(-1)!];
    else at[keys.at(-1)!] = value;
  }
  return copy;
}

/** The small config with changes. */
export function configWith(...changes: readonly Change[]): Record<string, unknown> {
  return change(SMALL_CONFIG, ...changes);
}

/** The namespaces of the small config, less one type and with more. */
export function namespaces(less: string, ...more: readonly Record<string, string>[]): Change {
  const kept = SMALL_CONFIG.linux.namespaces.filter(({ type }) => type !== less);
  return ["linux.namespaces", [...kept, ...more]];
}

/** Asserts that `action` throws a SpecError about `jsonPath` with exactly this problem. */
export function assertSpecError(action: () => unknown, jsonPath: string, problem: string): void {
  assertProblem(assertThrows(action, SpecError), jsonPath, problem);
}

/** As assertSpecError(), of an action whose promise is rejected. */
export async function assertSpecRejection(
  action: () => Promise<unknown>,
  jsonPath: string,
  problem: string,
): Promise<void> {
  assertProblem(await assertRejects(action, SpecError), jsonPath, problem);
}

function assertProblem(error: SpecError, jsonPath: string, problem: string): void {
  assertEquals({ jsonPath: error.jsonPath, message: error.message }, {
    jsonPath,
    message: jsonPath ? `${jsonPath}: ${problem}` : problem,
  });
}
