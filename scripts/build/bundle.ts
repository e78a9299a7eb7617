/** Makes one script of a module and everything that it imports. Owns the bundler's options and the checks of its result. */
import { runCommand } from "./command.ts";
import { replaceFile } from "./output_file.ts";
import { ROOT } from "./paths.ts";
import { stockDeno } from "./stock_deno.ts";

const OPTIONS = ["--quiet", "--platform", "deno", "--config", `${ROOT}/deno.json`];

/** A declaration, with the name alone in a minified bundle. */
const USING = /\busing [\w$]+ ?=[^=>][^;\n]{0,60}/g;

/** What the bundler leaves of a dynamic import of a module that it was told not to take in. */
const LEFT_IMPORT = /\bimport\("[^"]*"\)/g;

/**
 * Bundles `entry` into `output`; dynamic imports stay lazy inside the one file.
 * @throws {CommandError} when the bundler fails, {Error} when the bundle is not fit for the packers.
 */
export async function bundle(entry: string, output: string): Promise<void> {
  await writeBundle(output, await bundleSmall(entry, []));
}

/**
 * Bundles `entry` without the modules named in `leftOut` (absolute paths), which are imported dynamically; what is
 * left of those imports becomes a call of `substitute`, so that the bundle needs no other file.
 * @throws {CommandError} when the bundler fails, {Error} when another number of imports is left over.
 */
export async function bundleWithout(
  entry: string,
  output: string,
  leftOut: readonly string[],
  substitute: string,
): Promise<void> {
  const source = await bundleSmall(entry, leftOut);
  const left = new Set(source.match(LEFT_IMPORT));
  if (left.size !== leftOut.length) {
    throw new Error(
      `${left.size} of ${leftOut.length} modules are left to be imported: ${[...left]}`,
    );
  }
  await writeBundle(output, source.replace(LEFT_IMPORT, `${substitute}()`));
}

/**
 * Checks that a bundle can stand in a function, as the npm-only packer puts it, and what start-up time depends on.
 * @throws {Error} for an import or export that is left, `import.meta`, a character beyond ASCII (V8 would keep the
 * whole source with two bytes a character) and a `node:` module (Deno would load its Node layer).
 */
export function checkBundle(source: string): void {
  // deno-lint-ignore no-control-regex
  const wide = /[^\x00-\x7f]/.exec(source);
  if (wide) throw new Error(`the bundle has a character beyond ASCII: ${near(source, wide)}`);
  const left = /\bimport\s*\(/.exec(source);
  if (left) throw new Error(`the bundle still imports something: ${near(source, left)}`);
  try {
    new Function(`async()=>{${source}\n}`);
  } catch (cause) {
    throw new Error("the bundle does not compile as the body of a function", { cause });
  }
}

/**
 * Minified, if that has changed nothing: the minifier puts a resource that is used once in place of its name, and then
 * nobody disposes of it.
 * @throws {Error} for a declaration with `using` that is lost.
 */
async function bundleSmall(entry: string, external: readonly string[]): Promise<string> {
  const [plain, small] = await Promise.all(
    [[], ["--minify"]].map((more) => runBundler(entry, external, more)),
  );
  checkUsing(plain!, small!);
  return small!;
}

/** @throws {Error} for a declaration with `using` in `plain` that `small` has not. */
export function checkUsing(plain: string, small: string): void {
  // Of several in a row the minifier makes one.
  const joined = plain.replaceAll(/(\busing [^\n]*;\n\s*)(using [^\n]*;\n\s*)+/g, "$1");
  const [before, after] = [joined, small].map((source) => source.match(USING) ?? []);
  if (before!.length === after!.length) return;
  throw new Error(
    `the minifier lost ${
      before!.length - after!.length
    } of these, and with them what they would close: ` +
      `${
        before!.join(", ")
      }; write disposing() for one that is used once (runtime/common/disposing.ts)`,
  );
}

async function runBundler(
  entry: string,
  external: readonly string[],
  more: readonly string[],
): Promise<string> {
  const options = [...OPTIONS, ...more, ...external.flatMap((path) => ["--external", path])];
  const deno = await stockDeno();
  const output = await Deno.makeTempFile({ suffix: ".js" });
  try {
    // With --quiet it prints no bundle either, so it must have a file.
    await runCommand(deno, ["bundle", ...options, "-o", output, entry], {
      env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    });
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(output);
  }
}

async function writeBundle(output: string, source: string): Promise<void> {
  checkBundle(source);
  await replaceFile(output, 0o644, (temporary) => Deno.writeTextFile(temporary, source));
}

function near(source: string, match: RegExpExecArray): string {
  return source.slice(Math.max(0, match.index - 60), match.index + 60);
}
