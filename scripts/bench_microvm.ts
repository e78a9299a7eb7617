/**
 * Compares kago's microVMs with those of crun, built with its handler krun: the memory of the VMM of a sleeping guest of
 * 256 MiB, and the time from `run` to the guest's first line. Where this machine's KVM runs no guest, it does so in the
 * emulated host, in which a start of Deno weighs ten times what it weighs natively.
 *
 *   deno run -A scripts/bench_microvm.ts --crun FILE [--kago FILE] [--rounds N]
 *
 * Debian's crun is built without that handler. Its source (`apt-get source crun`) has it: `./configure --with-libkrun`,
 * where an empty libkrun.h is enough for crun 1.8.
 */
import { parseArgs } from "@std/cli/parse-args";
import { probeKvm } from "../ffi/shim.ts";
import { UsageError } from "../runtime/common/errors.ts";
import { type Contender, measureMicrovms, type MicrovmFigures } from "./bench/microvm.ts";
import { median } from "./bench/statistics.ts";
import { runInEmulatedHost } from "./emulated_host/emulated_host.ts";
import { runMain } from "./run_main.ts";

/** Seconds; a round of both takes ten on an idle machine. */
const TIMEOUT = 900;

interface Options {
  readonly kago: string;
  readonly crun: string;
  readonly rounds: number;
}

/** @throws {UsageError} */
function parseOptions(args: readonly string[]): Options {
  const { kago, crun, rounds } = parseArgs([...args], {
    string: ["kago", "crun", "rounds"],
    default: { kago: "dist/kago", rounds: "10" },
  });
  if (!crun) throw new UsageError("bench_microvm needs --crun FILE, a crun with the handler krun");
  if (!/^[1-9]\d*$/.test(rounds)) throw new UsageError("--rounds takes a positive number");
  return {
    kago: Deno.realPathSync(kago),
    crun: Deno.realPathSync(crun),
    rounds: Number(rounds),
  };
}

function contendersOf({ kago, crun }: Options): readonly [Contender, Contender] {
  return [
    { name: "kago", program: kago, env: {} },
    // crun 1.8 has libkrun look for its firmware when it stands in the container already.
    { name: "crun", program: crun, env: { LD_PRELOAD: "libkrunfw.so.5" } },
  ];
}

function markdown([kago, crun]: readonly MicrovmFigures[]): string {
  const mib = (kib: number) => (kib / 1024).toFixed(1);
  const row = ({ name, firstLine, rss, pss }: MicrovmFigures) =>
    `| ${name} | ${median(firstLine).toFixed()} | ${mib(rss)} | ${mib(pss)} |`;
  const ratios = kago!.firstLine.map((time, round) => time / crun!.firstLine[round]!);
  return [
    "| | run to the first line, ms | VMM, Rss MiB | VMM, Pss MiB |",
    "|---|---|---|---|",
    row(kago!),
    row(crun!),
    "",
    `First line, kago/crun: ${median(ratios).toFixed(2)} (median of ${ratios.length} pairs); ` +
    `VMM: ${mib(kago!.rss - crun!.rss)} MiB more Rss, ${mib(kago!.pss - crun!.pss)} MiB more Pss.`,
  ].join("\n");
}

async function main(): Promise<number> {
  const options = parseOptions(Deno.args);
  if (probeKvm() === 0) {
    console.log(markdown(await measureMicrovms(contendersOf(options), options.rounds)));
    return 0;
  }
  const script = new URL(import.meta.url).pathname;
  const { kago, crun, rounds } = options;
  const args = ["--kago", kago, "--crun", crun, "--rounds", `${rounds}`];
  const command = ["deno", "run", "-A", "--no-check", "--cached-only", script, ...args];
  const { code } = await runInEmulatedHost(command, {
    timeout: TIMEOUT,
    onStdout: (chunk) => void Deno.stdout.writeSync(chunk),
    onStderr: (chunk) => void Deno.stderr.writeSync(chunk),
  });
  return code;
}

if (import.meta.main) await runMain("bench_microvm", main);
