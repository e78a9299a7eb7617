/**
 * Builds the fuzz targets of helper-c/fuzz with clang's libFuzzer and sanitizers, and runs each from its seeds.
 *
 *   deno run -A scripts/fuzz.ts [--runs=N]
 *
 * The default is ten million inputs, the same ones every time. Prints one TAP line per target; inputs that made one
 * fail are in build/fuzz.
 */
import { parseArgs } from "@std/cli/parse-args";
import { runCommand } from "./build/command.ts";
import { ENTRY_OUTPUT, writeEntryHeaders } from "./build/entry_stub.ts";
import { listSources } from "./build/helpers.ts";
import { BUILD, ROOT } from "./build/paths.ts";
import { makeIfChanged } from "./build/stamp.ts";
import { runMain } from "./run_main.ts";

const RUNS = 10_000_000;
const SOURCES = `${ROOT}/helper-c`;
const FLAGS = [
  ...["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O2", "-g"],
  "-fsanitize=fuzzer,address,undefined",
  "-fno-sanitize-recover=all",
];

interface Target {
  readonly name: string;
  /** In helper-c. */
  readonly sources: readonly string[];
  /** The longest input in bytes. */
  readonly most: number;
}

const TARGETS: readonly Target[] = [
  {
    name: "wire",
    sources: ["session/frame.c", "session/pump.c", "common/message.c", "common/plan.c"],
    most: 40000,
  },
  { name: "shortcut", sources: [], most: 8000 },
];

async function build({ name, sources }: Target): Promise<string> {
  const program = `${BUILD}/fuzz/${name}`;
  await Deno.mkdir(`${BUILD}/fuzz`, { recursive: true });
  const files = [`${SOURCES}/fuzz/${name}_fuzz.c`, ...sources.map((file) => `${SOURCES}/${file}`)];
  const headers = listSources().filter((name) => name.endsWith(".h"))
    .map((name) => `${SOURCES}/${name}`);
  await writeEntryHeaders();
  const args = [...FLAGS, "-I", ENTRY_OUTPUT, "-o", program, ...files];
  await makeIfChanged(program, [...files, ...headers], ["clang", ...args], async () => {
    await runCommand("clang", args);
  });
  return program;
}

/** The seeds are copied: libFuzzer adds its findings. */
async function fuzz({ name, most }: Target, program: string, runs: number): Promise<boolean> {
  const corpus = await Deno.makeTempDir({ prefix: "kago_corpus_" });
  try {
    const seeds = `${SOURCES}/fuzz/seeds/${name}`;
    for (const seed of Deno.readDirSync(seeds)) {
      await Deno.copyFile(`${seeds}/${seed.name}`, `${corpus}/${seed.name}`);
    }
    const { success, stderr } = await new Deno.Command(program, {
      args: [
        ...[`-runs=${runs}`, "-seed=1", `-max_len=${most}`, "-len_control=1000", "-timeout=10"],
        ...["-print_final_stats=1", "-verbosity=0", `-artifact_prefix=${BUILD}/fuzz/`, corpus],
      ],
      stdin: "null",
      stderr: "piped",
    }).output();
    const text = new TextDecoder().decode(stderr).trimEnd();
    if (text) console.log(text.replaceAll(/^/gm, "# "));
    return success;
  } finally {
    await Deno.remove(corpus, { recursive: true });
  }
}

async function main(): Promise<number> {
  const runs = Number(parseArgs(Deno.args, { string: ["runs"] }).runs ?? RUNS);
  let failed = 0;
  for (const [index, target] of TARGETS.entries()) {
    const passed = await fuzz(target, await build(target), runs);
    console.log(`${passed ? "ok" : "not ok"} ${index + 1} - ${target.name}: ${runs} inputs`);
    if (!passed) failed++;
  }
  console.log(`1..${TARGETS.length}`);
  return failed === 0 ? 0 : 1;
}

await runMain("fuzz", main);
