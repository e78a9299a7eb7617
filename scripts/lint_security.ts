/**
 * Lints for kinds of security holes that kago has had; each is a module of scripts/lints with a table of exceptions.
 *
 *   deno run --allow-read scripts/lint_security.ts
 *
 * Prints `file:line: why` for each problem and exits with 1 if there is one.
 */
import { ROOT } from "./build/paths.ts";
import { BOUNDED_READ } from "./lints/bounded_read.ts";
import { DLOPEN } from "./lints/dlopen.ts";
import { DUMPABLE } from "./lints/dumpable.ts";
import { judge } from "./lints/judge.ts";
import { PATH_CHECK } from "./lints/path_check.ts";
import type { Lint, Source } from "./lints/source.ts";

export const LINTS: readonly Lint[] = [DLOPEN, PATH_CHECK, BOUNDED_READ, DUMPABLE];

/** The product, without the tests in these folders. */
const FOLDERS = ["executors", "ffi", "helper-c", "runtime"];
const NO_PRODUCT = ["helper-c/tests", "helper-c/fuzz"];

/** Generated files, which contain only constants. */
const MADE = /\.gen\.[a-z]+$/;

export function productSources(): Source[] {
  const files: string[] = ["main.ts"];
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}/${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory && !NO_PRODUCT.includes(path)) visit(path);
      else if (/\.(ts|c|h)$/.test(name) && !MADE.test(name)) files.push(path);
    }
  };
  FOLDERS.forEach(visit);
  return files.sort().map((file) => ({ file, text: Deno.readTextFileSync(`${ROOT}/${file}`) }));
}

if (import.meta.main) {
  const sources = productSources();
  const problems = LINTS.flatMap((lint) => judge(lint, sources));
  for (const problem of problems) console.error(problem);
  Deno.exit(problems.length > 0 ? 1 : 0);
}
