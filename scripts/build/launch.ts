/** How the entry stub starts Deno. The packers differ in this alone; helper-c/entry passes the strings on. */

/** The names of the programs that the stub starts (quick.ts). */
export const PROGRAMS = ["quick", "exec", "create", "microvm", "whole"] as const;
export type ProgramName = (typeof PROGRAMS)[number];

/** LOADER_PLACE (entry_header.ts) stands for the loader once, in the options or in the variables. */
export interface Launch {
  /** Deno's command line up to the user's own arguments, with argv[0]. */
  readonly options: readonly string[];
  /** Deno's whole environment; the program gets the caller's separately (ffi/environment.ts). */
  readonly variables: readonly string[];
  /** The pieces of the loader; the stub inserts a number after each except the last (program.ts). */
  readonly loader: readonly string[];
  /** Both when there is a cache of bytecode, and the folders that it needs, parents first. */
  readonly cachedOptions: readonly string[];
  readonly cachedVariables: (program: ProgramName) => readonly string[];
  readonly cacheFolders: readonly string[];
}

/**
 * Where Deno stores the bytecode of root's commands: in the default state root, gone after a reboot, under a name that is
 * not a valid container id. The stub creates the folders, and uses them only if they are root's alone.
 */
export const CACHE_FOLDERS = ["/run/kago", "/run/kago/~deno"] as const;
export const CACHE_FOLDER = CACHE_FOLDERS[1];

/**
 * Deno must not check for updates on the network or write caches to the caller's home: this folder cannot exist. On a
 * terminal it would print that it has no folder, so its log is off. Nor may it put its own `node` into PATH. It always
 * reads HOME's .npmrc, and exits when that fails with ENOTDIR; without HOME it would look up the host's users. No file can
 * be created in a procfs.
 */
export const NO_FOLDER = "/proc/kago";
export const VARIABLES = [
  `HOME=${NO_FOLDER}`,
  "NO_COLOR=1",
  "DENO_NO_UPDATE_CHECK=1",
  "DENO_LOG=off",
  "DENO_DISABLE_NODE_SHIM=1",
];

/** The folder of Deno's own caches, for a VARIABLES with and without a cache of bytecode. */
export const DENO_DIR = { cached: `DENO_DIR=${CACHE_FOLDER}`, none: "DENO_DIR=/dev/null/kago" };
