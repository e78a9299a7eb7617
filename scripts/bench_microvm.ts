/**
 * Compares kago's microVMs with those of crun, built with its handler krun: the memory of the VMM of a sleeping guest
 * of 256 MiB, and the time from `run` to the guest's first line. If this machine's KVM cannot run a guest, it uses the
 * emulated host, in which a start of Deno weighs ten times what it weighs natively.
 *
 *   deno run -A scripts/bench_microvm.ts --crun FILE [--kago FILE] [--rounds N] [--check]
 *
 * It prints the table, writes build/bench/microvm.json, and exits with 1 under `--check` when a goal is missed.
 *
 * Debian's crun is built without that handler. Its source (`apt-get source crun`) has it: `./configure --with-libkrun`,
 * where an empty libkrun.h is enough for crun 1.8.
 */
import { parseArgs } from "@std/cli/parse-args";
import { probeKvm } from "../ffi/shim.ts";
import { UsageError } from "../runtime/common/errors.ts";
import { type Contender, measureMicrovms } from "./bench/microvm.ts";
import { microvmMarkdown, microvmMisses, type MicrovmRun } from "./bench/microvm_report.ts";
import { REPOSITORY } from "./emulated_host/cache.ts";
import { runInEmulatedHost } from "./emulated_host/emulated_host.ts";
import { runMain } from "./run_main.ts";

/** Seconds; a round of both takes ten on an idle machine. */
const TIMEOUT = 900;

const RESULTS = `${REPOSITORY}/build/bench`;

interface Options {
  readonly kago: string;
  readonly crun: string;
  readonly rounds: number;
  /** Only measures, inside the emulated host, and prints JSON. */
  readonly figures: boolean;
  readonly check: boolean;
}

/** @throws {UsageError} */
function parseOptions(args: readonly string[]): Options {
  const { kago, crun, rounds, figures, check } = parseArgs([...args], {
    string: ["kago", "crun", "rounds"],
    boolean: ["figures", "check"],
    default: { kago: "dist/kago", rounds: "10" },
  });
  if (!crun) throw new UsageError("bench_microvm needs --crun FILE, a crun with the handler krun");
  if (!/^[1-9]\d*$/.test(rounds)) throw new UsageError("--rounds takes a positive number");
  return {
    kago: Deno.realPathSync(kago),
    crun: Deno.realPathSync(crun),
    rounds: Number(rounds),
    figures,
    check,
  };
}

function contendersOf({ kago, crun }: Options): readonly [Contender, Contender] {
  return [
    { name: "kago", program: kago, env: {} },
    // crun 1.8 makes libkrun load its firmware when it is already inside the container.
    { name: "crun", program: crun, env: { LD_PRELOAD: "libkrunfw.so.5" } },
  ];
}

/** On this machine; otherwise this script runs in the emulated host and prints JSON. */
async function measureSomewhere(options: Options): Promise<MicrovmRun> {
  if (probeKvm() === 0) return await measureHere(options, false);
  const script = new URL(import.meta.url).pathname;
  const { kago, crun, rounds } = options;
  const args = ["--kago", kago, "--crun", crun, "--rounds", `${rounds}`, "--figures"];
  const command = ["deno", "run", "-A", "--no-check", "--cached-only", script, ...args];
  const decoder = new TextDecoder();
  let text = "";
  const { code } = await runInEmulatedHost(command, {
    timeout: TIMEOUT,
    onStdout: (chunk) => text += decoder.decode(chunk, { stream: true }),
    onStderr: (chunk) => void Deno.stderr.writeSync(chunk),
  });
  if (code !== 0) throw new Error(`the emulated host's benchmark ended with ${code}: ${text}`);
  return JSON.parse(text);
}

async function measureHere(options: Options, emulated: boolean): Promise<MicrovmRun> {
  const [kago, crun] = await measureMicrovms(contendersOf(options), options.rounds);
  const date = new Date().toISOString().slice(0, 16) + "Z";
  return { date, kernel: Deno.osRelease(), emulated, kago: kago!, crun: crun! };
}

async function main(): Promise<number> {
  const options = parseOptions(Deno.args);
  if (options.figures) {
    console.log(JSON.stringify(await measureHere(options, true)));
    return 0;
  }
  const run = await measureSomewhere(options);
  await Deno.mkdir(RESULTS, { recursive: true });
  await Deno.writeTextFile(`${RESULTS}/microvm.json`, JSON.stringify(run, null, 1) + "\n");
  console.log(microvmMarkdown(run));
  return options.check && microvmMisses(run).length > 0 ? 1 : 0;
}

if (import.meta.main) await runMain("bench_microvm", main);
