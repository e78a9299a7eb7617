/**
 * Checks that imports point downward only, that FFI stays in ffi/, and where modules may come from. The rules are the
 * tables below; reading the sources is imports/scan_source.ts's. Type imports count: a type is a dependency too.
 *
 *   deno run --allow-read scripts/check_imports.ts
 *
 * Prints `file:line: why` for each violation and exits with 1 if there is one.
 */
import { findImports, findNames, type Import } from "./imports/scan_source.ts";

/**
 * The layers from top to bottom: a file may import from its own layer and those below. A file belongs to the layer with
 * the longest of the prefixes that fit it.
 */
export const LAYERS: readonly Layer[] = [
  { name: "main", files: ["main.ts", "runtime/commands/loaders.ts"] },
  { name: "commands", files: ["runtime/commands/"] },
  { name: "runtime", files: ["runtime/", "executors/"] },
  { name: "plan", files: ["runtime/plan/"] },
  { name: "spec", files: ["runtime/spec/"] },
  { name: "ffi", files: ["ffi/"] },
  { name: "common", files: ["common/"] },
];

/** They may import anything of the project, and `node:` modules; nothing of the product may import them. */
const FREE_FOLDERS = ["tests/", "scripts/"];

const FFI_FOLDER = "ffi/";
const FFI_NAMES = [
  "dlopen",
  "UnsafePointer",
  "UnsafePointerView",
  "UnsafeFnPointer",
  "UnsafeCallback",
];

export interface Layer {
  readonly name: string;
  /** Files, or folders with a slash at the end, relative to the repository. */
  readonly files: readonly string[];
}

/** The violations of one file, as `file:line: why`. `file` is relative to the repository. */
export function checkSource(file: string, source: string): string[] {
  const free = isFree(file);
  const violations: [line: number, why: string][] = [];
  for (const { specifier, line } of findImports(source)) {
    const why = judge(file, specifier, free);
    if (why !== undefined) violations.push([line, why]);
  }
  if (!free && !file.startsWith(FFI_FOLDER)) {
    for (const { name, line } of findNames(source, FFI_NAMES)) {
      violations.push([line, `only ${FFI_FOLDER} may use ${name}`]);
    }
  }
  return violations.map(([line, why]) => `${file}:${line}: ${why}`);
}

function judge(file: string, specifier: Import["specifier"], free: boolean): string | undefined {
  if (specifier === undefined) {
    return free ? undefined : "the name of an imported module must be a plain string";
  }
  if (/^(npm|jsr|https?):/.test(specifier)) return `${specifier} must be mapped in deno.json`;
  if (free) return undefined;
  if (specifier.startsWith("node:")) return `${specifier} costs start-up time`;
  if (!specifier.startsWith(".")) return undefined;
  return judgeDirection(file, resolve(file, specifier));
}

function judgeDirection(file: string, target: string): string | undefined {
  if (isFree(target)) return `${target} is no part of the product`;
  const from = layerOf(file);
  const to = layerOf(target);
  if (from < 0) return `${file} belongs to no layer`;
  if (to < 0) return `${target} belongs to no layer`;
  if (to >= from) return undefined;
  return `${target} is in layer ${LAYERS[to]!.name}, above ${LAYERS[from]!.name}`;
}

/** The index in LAYERS, -1 for a file outside all. */
function layerOf(file: string): number {
  let best = { index: -1, length: 0 };
  for (const [index, { files }] of LAYERS.entries()) {
    for (const prefix of files) {
      const fits = prefix.endsWith("/") ? file.startsWith(prefix) : file === prefix;
      if (fits && prefix.length > best.length) best = { index, length: prefix.length };
    }
  }
  return best.index;
}

function isFree(file: string): boolean {
  return FREE_FOLDERS.some((folder) => file.startsWith(folder));
}

/** The path, relative to the repository, that a relative specifier in `file` means. */
function resolve(file: string, specifier: string): string {
  return new URL(specifier, `file:///${file}`).pathname.slice(1);
}

/** The .ts and .js files of the repository, relative to it, sorted. */
function listSources(repository: URL): string[] {
  const sources: string[] = [];
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder || ".", repository))) {
      if (isDirectory) visit(`${folder}${name}/`);
      else if (/\.[jt]s$/.test(name)) sources.push(`${folder}${name}`);
    }
  };
  for (const entry of Deno.readDirSync(repository)) {
    const searched = ["common", "executors", "ffi", "runtime", "scripts", "tests"];
    if (entry.isDirectory && searched.includes(entry.name)) visit(`${entry.name}/`);
    else if (entry.isFile && /\.[jt]s$/.test(entry.name)) sources.push(entry.name);
  }
  return sources.sort();
}

if (import.meta.main) {
  const repository = new URL("../", import.meta.url);
  const violations = listSources(repository).flatMap((file) =>
    checkSource(file, Deno.readTextFileSync(new URL(file, repository)))
  );
  for (const violation of violations) console.error(violation);
  Deno.exit(violations.length > 0 ? 1 : 0);
}
