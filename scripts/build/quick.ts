/**
 * The partial programs. Without a code cache, V8 reads the whole source at every start (about 40 kB per millisecond), so
 * the commands that engines call most have bundles without the modules of the others: a quick one for the shortest, one for
 * `exec`, one for creating plain containers and one for creating microVMs. This module defines their contents.
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
  /** Modules that are left out and make it start the program for microVMs instead of the whole one. */
  readonly forMicrovms?: readonly string[];
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
 * Creates containers. Its builder has no effects, so it can leave these to the whole program: explaining an invalid
 * config.json, the first compilation of a seccomp profile, and containers with network interfaces of the host or limited
 * connections.
 */
const CREATING: Part = {
  commands: ["create", "run"],
  dispatchers: [
    ...CHOOSING,
    "runtime/config/load.ts",
    "runtime/seccomp/cache.ts",
    "runtime/build/net_devices.ts",
    "runtime/build/egress.ts",
    "runtime/container/destroyer.ts",
  ],
};

/** The stub starts it for its commands, and without any; the executor of microVMs is a fifth of the source. */
export const CREATE: Part = {
  ...CREATING,
  dispatchers: [...CREATING.dispatchers, "executors/registry.ts"],
  others: ["executors/default.ts"],
  forMicrovms: ["executors/libkrun/executor.ts", "executors/libkrun/guest/agent.ts"],
};

/** The stub starts it if one of MICROVM_WORDS is among the arguments; for an annotation, CREATE starts it. */
export const MICROVM: Part = {
  ...CREATING,
  dispatchers: [...CREATING.dispatchers, "executors/libkrun/executor.ts"],
};

/** Values of `--handler`, and the basename of argv[0]. */
export const MICROVM_WORDS: readonly string[] = ["krun", "--handler=krun"];

/**
 * The functions that a partial program calls for what it leaves out: they execute the whole program, or the one for
 * microVMs, in its place and do not return, so nothing may have happened before that must not happen twice.
 */
export const START_WHOLE = "startWholeProgram";
export const START_MICROVM = "startMicrovmProgram";

/** Bundles main.ts, with only the part's commands, into `output`. */
export async function bundlePart(part: Part, output: string): Promise<void> {
  const { commands, dispatchers, others = [], forMicrovms = [] } = part;
  const entry = `${ROOT}/main.ts`;
  const inRoot = (name: string) => `${ROOT}/${name}`;
  const kept = [...commands.map((name) => `runtime/commands/${name}.ts`), ...others].map(inRoot);
  const microvm = forMicrovms.map(inRoot);
  const imported = await dynamicImports(entry, dispatchers.map(inRoot));
  const missing = [...kept, ...microvm].filter((path) => !imported.includes(path));
  if (missing.length > 0) throw new Error(`no dispatcher imports ${missing.join(", ")}`);
  const leftOut = imported.filter((path) => !kept.includes(path));
  const substitute = (path: string) => microvm.includes(path) ? START_MICROVM : START_WHOLE;
  await bundleWithout(entry, output, new Map(leftOut.map((path) => [path, substitute(path)])));
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
