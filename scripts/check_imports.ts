/**
 * Checks that imports point downward only and never in a circle, that FFI stays in ffi/, and where modules may come
 * from. imports/layers.ts defines which folder may import which; imports/scan_source.ts parses the sources. Type
 * imports count: a type is a dependency too.
 *
 *   deno run --allow-read scripts/check_imports.ts
 *
 * Prints `file:line: why` for each violation and exits with 1 if there is one.
 */
import { findCircles } from "./imports/circles.ts";
import { folderOf, layerOf, PRODUCT } from "./imports/layers.ts";
import { findImports, findNames, type Import } from "./imports/scan_source.ts";

/** They may import anything of the product, and `node:` modules; nothing of the product may import them. */
const FREE_FOLDERS = ["tests/", "scripts/"];

const FFI_FOLDER = "ffi/";
const FFI_NAMES = [
  "dlopen",
  "UnsafePointer",
  "UnsafePointerView",
  "UnsafeFnPointer",
  "UnsafeCallback",
];

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
  if (!free && specifier.startsWith("node:")) return `${specifier} costs start-up time`;
  if (!specifier.startsWith(".")) return undefined;
  const target = resolve(file, specifier);
  if (!free) return judgeDirection(file, target);
  const below = file.startsWith("scripts/") && target.startsWith("tests/");
  return below ? `${target} is a test's, and tests import scripts` : undefined;
}

function judgeDirection(file: string, target: string): string | undefined {
  if (isFree(target)) return `${target} is no part of the product`;
  const [from, to] = [folderOf(file), folderOf(target)];
  if (layerOf(from) < 0) return `${file} belongs to no layer`;
  if (layerOf(to) < 0) return `${target} belongs to no layer`;
  if (from === to || layerOf(to) > layerOf(from)) return undefined;
  return `${target}: ${to} is not below ${from}`;
}

/** The circles in which these files, by name, import each other, as `file:line: why`. */
export function checkCircles(sources: ReadonlyMap<string, string>): string[] {
  const imports = new Map(
    [...sources].map(([file, source]) => [file, localImports(file, source)]),
  );
  const graph = new Map([...imports].map(([file, found]) => [file, found.map(([to]) => to)]));
  return findCircles(graph).map((circle) => {
    const [last, first] = circle.slice(-2) as [string, string];
    const [, line] = imports.get(last)!.find(([target]) => target === first)!;
    return `${last}:${line}: closes a circle: ${circle.join(" -> ")}`;
  });
}

function localImports(file: string, source: string): [target: string, line: number][] {
  return findImports(source).flatMap(({ specifier, line }) =>
    specifier?.startsWith(".") ? [[resolve(file, specifier), line]] : []
  );
}

function isFree(file: string): boolean {
  return FREE_FOLDERS.some((folder) => file.startsWith(folder));
}

/** The path of a relative specifier in `file`, relative to the repository. */
function resolve(file: string, specifier: string): string {
  return new URL(specifier, `file:///${file}`).pathname.slice(1);
}

/** The .ts and .js files of the repository, relative to it, sorted. */
function listSources(repository: URL): string[] {
  const sources: string[] = [];
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, repository))) {
      if (isDirectory) visit(`${folder}${name}/`);
      else if (/\.[jt]s$/.test(name)) sources.push(`${folder}${name}`);
    }
  };
  for (const { name, isFile } of Deno.readDirSync(repository)) {
    if (isFile && /\.[jt]s$/.test(name)) sources.push(name);
  }
  for (const folder of [...PRODUCT, ...FREE_FOLDERS]) visit(folder);
  return sources.sort();
}

if (import.meta.main) {
  const repository = new URL("../", import.meta.url);
  const sources = new Map(
    listSources(repository).map((file) => [file, Deno.readTextFileSync(new URL(file, repository))]),
  );
  const violations = [
    ...[...sources].flatMap(([file, source]) => checkSource(file, source)),
    ...checkCircles(sources),
  ];
  for (const violation of violations) console.error(violation);
  Deno.exit(violations.length > 0 ? 1 : 0);
}
