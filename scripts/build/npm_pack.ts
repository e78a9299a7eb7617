/**
 * The packer for builders who can reach only an npm mirror: makes the product from the stock deno executable, which the
 * entry stub starts with the options below.
 */
import { LOADER_PLACE } from "./entry_header.ts";
import type { Parts } from "./entry_image.ts";
import { addEntry } from "./entry_segment.ts";
import { CACHE_FOLDERS, DENO_DIR, type Launch, VARIABLES } from "./launch.ts";
import { MODULE_LOADER } from "./program.ts";

/** The beginning of Deno's command line; the loader and the user's own arguments follow. */
const OPTIONS = [
  // Some values of argv[0] have a meaning for Deno (`dx`); the user's argv[0] stays in /proc/self/cmdline.
  "deno",
  "run",
  "-A",
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
];

/**
 * No command runs long enough to make compiling to machine code worthwhile (2 ms less for `run`), and a root process needs
 * no memory that is both writable and executable.
 */
const UNCACHED = ["--no-code-cache", "--v8-flags=--jitless"];

/** With a cache, all functions are compiled to bytecode at once, and only once: 5 ms less for `run`. */
const CACHED = ["--v8-flags=--jitless,--no-lazy"];

const LAUNCH: Launch = {
  options: [...OPTIONS, ...UNCACHED, LOADER_PLACE],
  variables: [...VARIABLES, DENO_DIR.none],
  loader: MODULE_LOADER,
  cachedOptions: [...OPTIONS, ...CACHED, LOADER_PLACE],
  cachedVariables: () => [...VARIABLES, DENO_DIR.cached],
  cacheFolders: CACHE_FOLDERS,
};

/**
 * The packed executable, in pieces to be written one after the other.
 * @param deno the stock executable; its ELF headers are changed in place.
 * @throws {Error} when `deno` does not have the layout that the packer needs.
 */
export function packWithNpm(
  deno: Uint8Array<ArrayBuffer>,
  parts: Parts,
): Uint8Array<ArrayBuffer>[] {
  return addEntry(deno, parts, LAUNCH);
}
