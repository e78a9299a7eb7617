/** Bundles a module and all its imports into one script. Defines the bundler's options and the checks of its result. */
import { runCommand } from "./command.ts";
import { replaceFile } from "./output_file.ts";
import { ROOT } from "./paths.ts";
import { stockDeno } from "./stock_deno.ts";

const OPTIONS = ["--quiet", "--platform", "deno", "--config", `${ROOT}/deno.json`];

/** A declaration with `using`; in a minified bundle only with its name. */
const USING = /\busing [\w$]+ ?=[^=>][^;\n]{0,60}/g;

/** What the bundler leaves of a dynamic import of an external module. */
const LEFT_IMPORT = /\bimport\("([^"]*)"\)/g;

/**
 * Bundles `entry` into `output`; dynamic imports stay lazy inside the one file.
 * @throws {CommandError} when the bundler fails, {Error} when the bundle is not usable by the packers.
 */
export async function bundle(entry: string, output: string): Promise<void> {
  await writeBundle(output, await bundleSmall(entry, []));
}

/**
 * Bundles `entry` without some modules, which are imported dynamically; those imports are replaced by calls, so that the
 * bundle needs no other file.
 * @param leftOut absolute paths, and the name of the function that is called instead of each import.
 * @throws {CommandError} when the bundler fails, {Error} when another number of imports remains.
 */
export async function bundleWithout(
  entry: string,
  output: string,
  leftOut: ReadonlyMap<string, string>,
): Promise<void> {
  const source = await bundleSmall(entry, [...leftOut.keys()]);
  const left = new Set([...source.matchAll(LEFT_IMPORT)].map(([, path]) => path!));
  if (left.size !== leftOut.size) {
    throw new Error(
      `${left.size} of ${leftOut.size} modules are left to be imported: ${[...left]}`,
    );
  }
  await writeBundle(
    output,
    source.replace(LEFT_IMPORT, (found, path) => {
      const substitute = leftOut.get(path);
      return substitute ? `${substitute}()` : found;
    }),
  );
}

/**
 * Checks that a bundle can be wrapped in a function, as the npm-only packer does, and what start-up time depends on.
 * @throws {Error} for a remaining import or export, `import.meta`, a character beyond ASCII (V8 would store the whole
 * source with two bytes per character) and a `node:` module (Deno would load its Node layer).
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
 * Minified, if that is safe: the minifier replaces the name of a resource that is used once by the resource, which is then
 * never disposed of.
 * @throws {Error} for a lost declaration with `using`.
 */
async function bundleSmall(entry: string, external: readonly string[]): Promise<string> {
  // Not in parallel: the first bundle on a machine makes Deno fetch its bundler, and two at once conflict.
  const plain = await runBundler(entry, external, []);
  const small = await runBundler(entry, external, ["--minify"]);
  checkUsing(plain, small);
  return small;
}

/** @throws {Error} for a declaration with `using` in `plain` that is not in `small`. */
export function checkUsing(plain: string, small: string): void {
  // The minifier joins consecutive ones.
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
    // With --quiet it does not print the bundle either, so it must write a file.
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
