/**
 * kago as `deno compile` makes it, with a real denort: builds it of the bundles, and runs the tests below with it.
 *   deno run -A tests/compiled/run.ts [--whole | FILE...]
 * Needs root and `deno task build`. An argument is a test file to run in place of those; `--whole` is the whole
 * integration suite, which takes eight minutes.
 */
import { packWithCompile } from "../../scripts/build/compile_pack.ts";
import { buildHelpers } from "../../scripts/build/helpers.ts";
import { readParts } from "../../scripts/build/pack.ts";
import { BUILD, BUNDLES, ROOT } from "../../scripts/build/paths.ts";
import { runMain } from "../../scripts/run_main.ts";
import { prepareDenort } from "./denort.ts";

const OWN = ["tests/compiled/bytecode_test.ts", "tests/security/environment_test.ts"];

/** What the packer decides: the start of Deno, the stub's own commands, the stages, the environment, the programs. */
const FILES = [
  ...OWN,
  ...[
    "binary",
    "caller",
    "command_line",
    "container",
    "exec",
    "hooks",
    "lifecycle",
    "pause",
    "shortcut",
    "stages",
    "streams",
  ].map((name) => `tests/integration/${name}_test.ts`),
];

/** It is about the database of Deno's cache, which denort does not have. */
const FOR_THE_OTHER_PACKER = "code_cache_test.ts";

function allFiles(): readonly string[] {
  const names = [...Deno.readDirSync(`${ROOT}/tests/integration`)].map(({ name }) => name)
    .filter((name) => name.endsWith("_test.ts") && name !== FOR_THE_OTHER_PACKER);
  return [...OWN, ...names.sort().map((name) => `tests/integration/${name}`)];
}

async function main(files: readonly string[]): Promise<number> {
  // denort opens itself by its path, and the tests' ordinary users may not reach the repository's.
  const directory = await Deno.makeTempDir({ prefix: "kago_compiled_" });
  try {
    await Deno.chmod(directory, 0o755);
    return await testIn(directory, files);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function testIn(directory: string, files: readonly string[]): Promise<number> {
  const { deno, denort } = await prepareDenort();
  const output = `${directory}/kago`;
  // A cache of its own: one Deno throws away what another has kept.
  const env = { DENORT_BIN: denort, DENO_DIR: `${BUILD}/compiled` };
  const parts = await readParts({ ...BUNDLES, ...await buildHelpers() });
  await packWithCompile(parts, output, env, deno);
  const test = ["test", "-A", "--preload", "tests/harness/same_mounts.ts"];
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [...test, ...files],
    cwd: ROOT,
    env: { KAGO: output, KAGO_TEST_COMPILER: deno, DENORT_BIN: denort },
    stdin: "null",
  }).spawn().status;
  return code;
}

if (import.meta.main) {
  const [first] = Deno.args;
  const files = first === "--whole" ? allFiles() : first === undefined ? FILES : Deno.args;
  await runMain("compiled", () => main(files));
}
