/**
 * The partial programs. A V8 without a code cache reads all of a source at every start (about 40 kB a millisecond), so
 * the commands that engines call most have bundles without the modules of the others: a quick one for the shortest,
 * one for `exec` and one for creating containers. Owns which those are.
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
   * The modules that import before the command has done anything: what they import dynamically, save the commands, is
   * left to the whole program. Dynamic imports of other modules are taken in as they are.
   */
  readonly dispatchers: readonly string[];
  /** Modules that a dispatcher imports, and that are taken in. */
  readonly others?: readonly string[];
}

const CHOOSING = ["main.ts", "runtime/commands/loaders.ts"] as const;

/** The stub starts it when an argument names one of its commands. */
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
 * The stub starts it for `exec`. The builder has no effects before it has the executor, so an additional process in a
 * microVM is left to the whole program, and so is compiling a seccomp profile for the first time.
 */
export const EXEC: Part = {
  commands: ["exec"],
  dispatchers: [...CHOOSING, "runtime/seccomp/cache.ts", "executors/registry.ts"],
  others: ["executors/default.ts"],
};

/**
 * The stub starts it for everything else. Its builder has no effects, so it may leave explaining a bad config.json,
 * compiling a seccomp profile for the first time and containers with network interfaces of the host's, or whose connections are
 * limited, to the whole program.
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
 * The function that a partial program calls for every other command: it starts the whole program in its place and
 * does not come back, so nothing may have happened before that must not happen twice.
 */
export const START_WHOLE = "startWholeProgram";

/** Bundles main.ts for the part's commands only into `output`. */
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

/** What `deno info --json` says of a module, as far as needed here. */
interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier: string };
  }[];
}

/** The paths of the modules that those at `importers` import dynamically, in the graph of `entry`. */
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
