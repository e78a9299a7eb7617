/**
 * Builds the C tests twice: as the product is built, and under AddressSanitizer and UndefinedBehaviorSanitizer. Owns
 * the variants' flags and which objects are linked; all output is in build/test_c.
 */
import { runCommand } from "../build/command.ts";
import { listSources } from "../build/helpers.ts";
import { BUILD, ROOT } from "../build/paths.ts";
import { makeIfChanged } from "../build/stamp.ts";

export interface Variant {
  readonly name: string;
  readonly flags: readonly string[];
  /** Runs the real stage program, statically linked with musl, or one that is built like the tests. */
  readonly stage: "product" | "own";
}

const COMMON = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"];

export const VARIANTS: readonly Variant[] = [
  { name: "plain", flags: [...COMMON, "-O2"], stage: "product" },
  {
    name: "sanitized",
    flags: [
      ...COMMON,
      "-O1",
      "-g",
      "-fno-omit-frame-pointer",
      "-fsanitize=address,undefined",
      "-fno-sanitize-recover=all",
    ],
    stage: "own",
  },
];

const SOURCES = `${ROOT}/helper-c`;
const TESTS = `${SOURCES}/tests`;
const SANITIZER_OPTIONS = `${TESTS}/sanitizer_options.c`;

/** The test programs' names, sorted: `NAME` of `helper-c/tests/FOLDER/NAME.c`, ending in `_test`. */
export function listTests(): string[] {
  return [...testSources().keys()].sort();
}

/** Each test's source by its name. */
function testSources(): ReadonlyMap<string, string> {
  const folders = [...Deno.readDirSync(TESTS)].filter(({ isDirectory }) => isDirectory);
  const paths = folders.flatMap(({ name }) => listFiles(`${TESTS}/${name}`, /_test\.c$/));
  return new Map(paths.map((path) => [/(\w+)\.c$/.exec(path)![1]!, path]));
}

/**
 * Compiles the changed files of one variant; the helpers must have been built.
 * @returns the folder with the test programs.
 * @throws {CommandError} with the compiler's messages, {HostError} when a compiler is not installed.
 */
export async function buildVariant(variant: Variant, tests: readonly string[]): Promise<string> {
  const folder = `${BUILD}/test_c/${variant.name}`;
  await Deno.mkdir(folder, { recursive: true });
  const archive = await buildArchive(variant, folder);
  const headers = listFiles(TESTS, /\.h$/);
  const sources = testSources();
  for (const test of tests) {
    const source = sources.get(test)!;
    const args = [...variant.flags, "-o", `${folder}/${test}`, source, ...extraSources(variant)];
    args.push(archive, "-pthread");
    await makeIfChanged(
      `${folder}/${test}`,
      [source, SANITIZER_OPTIONS, archive, ...headers],
      ["cc", ...args],
      async () => void await runCommand("cc", args),
    );
  }
  return folder;
}

const STAGE_IMAGE = "shim/stage_image.c";

/** Sources with a main(), the agent's own operations, the replacement of libc's _exit(), and what is compiled last. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  ["stage/main.c", "agent/main.c", "vmm/main.c", "agent/operations.c", "vmm/ending.c", STAGE_IMAGE],
);

/** All other sources of helper-c's programs, with the stage program embedded. */
async function buildArchive({ flags, stage, name }: Variant, folder: string): Promise<string> {
  const archive = `${folder}/helper.a`;
  const product = stage === "product" ? `${BUILD}/helpers/stage` : undefined;
  const files = listSources();
  const path = (name: string) => `${SOURCES}/${name}`;
  const sources = files.filter((name) => name.endsWith(".c") && !LEFT_OUT.has(name)).map(path);
  const image = path(STAGE_IMAGE);
  const agent = `${BUILD}/helpers/agent`;
  const inputs = [...files.map(path), ...(product ? [product] : [])];
  await makeIfChanged(archive, inputs, [name, ...flags], async () => {
    const cc = async (...args: string[]) =>
      void await runCommand("cc", [...flags, ...args], { cwd: folder });
    const objects = sources.map((path) => path.slice(path.lastIndexOf("/") + 1).replace(/c$/, "o"));
    if (new Set(objects).size < objects.length) throw new Error("two C files of one name");
    const images = [`-DAGENT_FILE="${agent}"`, `-DVMM_FILE="${BUILD}/helpers/vmm"`];
    await cc(...images, "-c", ...sources);
    await runCommand("ar", ["rcs", archive, ...objects], { cwd: folder });
    // The linker takes only what the stage needs from the archive.
    const ownStage = `${folder}/stage`;
    if (!product) await cc("-o", ownStage, path("stage/main.c"), SANITIZER_OPTIONS, archive);
    await cc(`-DSTAGE_FILE="${product ?? ownStage}"`, "-c", image);
    await runCommand("ar", ["rs", archive, "stage_image.o"], { cwd: folder });
  });
  return archive;
}

function extraSources({ stage }: Variant): string[] {
  return stage === "own" ? [SANITIZER_OPTIONS] : [];
}

function listFiles(folder: string, pattern: RegExp): string[] {
  return [...Deno.readDirSync(folder)]
    .filter(({ name, isFile }) => isFile && pattern.test(`/${name}`))
    .map(({ name }) => `${folder}/${name}`)
    .sort();
}
