/**
 * The partial programs. Without a code cache, V8 reads the whole source at every start (about 40 kB per millisecond), so
 * the commands that engines call most have bundles without the modules of the others: a quick one for the shortest, one for
 * `exec` and one for creating containers. This module defines their contents.
 */
import { bundleWithout } from "./bundle.ts";
import { runCommand } from "./command.ts";
import { ROOT } from "./paths.ts";
import { stockDeno } from "./stock_deno.ts";

/** A partial program. */
export interface Part {
  /** Its commands; the module of each is runtime/commands/NAME.ts. */
  readonly commands: readonly string[];
  /**
   * The modules whose dynamic imports, except the commands, are left to the whole program; they import before the command
   * has had an effect. Dynamic imports of other modules are included.
   */
  readonly dispatchers: readonly string[];
  /** Modules that a dispatcher imports and that are included. */
  readonly others?: readonly string[];
}

const CHOOSING = ["main.ts", "runtime/commands/loaders.ts"] as const;

/** The stub starts it when an argument is one of its commands. */
export const QUICK: Part = {
  commands: ["state", "start", "kill", "delete", "pause", "resume", "ps", "list"],
  dispatchers: [
    ...CHOOSING,
    "runtime/cgroup/drivers/destroy.ts",
    "runtime/container/destroyer.ts",
    "executors/registry.ts",
    "executors/libkrun/guest/agent.ts",
  ],
  // For `kill`.
  others: ["executors/libkrun/guest/agent.ts"],
};

/**
 * The stub starts it for `exec`. The builder has no effects before it has the executor, so the whole program handles
 * processes in a microVM, and the first compilation of a seccomp profile.
 */
export const EXEC: Part = {
  commands: ["exec"],
  dispatchers: [...CHOOSING, "runtime/seccomp/cache.ts", "executors/registry.ts"],
  others: ["executors/default.ts"],
};

/**
 * The stub starts it for all other commands. Its builder has no effects, so it can leave these to the whole program:
 * explaining an invalid config.json, the first compilation of a seccomp profile, and containers with network interfaces of
 * the host or limited connections.
 */
export const CREATE: Part = {
  commands: ["create", "run"],
  dispatchers: [
    ...CHOOSING,
    "runtime/config/load.ts",
    "runtime/seccomp/cache.ts",
    "runtime/build/net_devices.ts",
    "runtime/build/egress.ts",
    "runtime/container/destroyer.ts",
    "executors/libkrun/executor.ts",
  ],
};

/**
 * The function that a partial program calls for every other command: it executes the whole program in its place and does
 * not return, so nothing may have happened before that must not happen twice.
 */
export const START_WHOLE = "startWholeProgram";

/** Bundles main.ts, with only the part's commands, into `output`. */
export async function bundlePart(part: Part, output: string): Promise<void> {
  const { commands, dispatchers, others = [] } = part;
  const entry = `${ROOT}/main.ts`;
  const kept = [...commands.map((name) => `runtime/commands/${name}.ts`), ...others]
    .map((name) => `${ROOT}/${name}`);
  const imported = await dynamicImports(entry, dispatchers.map((name) => `${ROOT}/${name}`));
  const missing = kept.filter((path) => !imported.includes(path));
  if (missing.length > 0) throw new Error(`no dispatcher imports ${missing.join(", ")}`);
  const leftOut = imported.filter((path) => !kept.includes(path));
  await bundleWithout(entry, output, leftOut, START_WHOLE);
}

/** The required part of the output of `deno info --json` for a module. */
interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier: string };
  }[];
}

/** The paths of the modules that the `importers` import dynamically, in the graph of `entry`. */
export async function dynamicImports(
  entry: string,
  importers: readonly string[],
): Promise<string[]> {
  const args = ["info", "--json", "--config", `${ROOT}/deno.json`, entry];
  const output = await runCommand(await stockDeno(), args, { env: { DENO_NO_UPDATE_CHECK: "1" } });
  const { modules }: { modules: readonly ModuleInfo[] } = JSON.parse(output);
  const specifiers = importers.map((path) => `file://${path}`);
  const paths = modules
    .filter((module) => specifiers.includes(module.specifier))
    .flatMap((module) => module.dependencies ?? [])
    .flatMap(({ isDynamic, code }) => isDynamic && code ? [new URL(code.specifier).pathname] : []);
  return [...new Set(paths)];
}
