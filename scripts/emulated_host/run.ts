/**
 * Runs one command in the emulated host:
 *   deno run -A scripts/emulated_host/run.ts [--timeout SECONDS] [--memory MiB] [--smp N] [--apparmor | --selinux]
 *     [--release NAME [--systemd [--hybrid]]] [--results FOLDER] [--console FILE] -- COMMAND [ARGUMENT]...
 * Its output and exit code are the command's; 124 means that it timed out, 125 that the host failed.
 */
import { parseArgs } from "@std/cli/parse-args";
import { HostError, UsageError } from "../../runtime/common/errors.ts";
import { EmulatedHostError, type HostOptions, runInEmulatedHost } from "./emulated_host.ts";

const NUMBERS = ["timeout", "memory", "smp"] as const;

function parseCommandLine(args: string[]): { command: string[]; options: HostOptions } {
  const parsed = parseArgs(args, {
    string: [...NUMBERS, "release", "results", "console"],
    boolean: ["apparmor", "selinux", "systemd", "hybrid"],
    stopEarly: true,
    unknown: (name: string) => {
      if (name.startsWith("-")) throw new UsageError(`unknown option ${name}`);
    },
  });
  const numbers = NUMBERS.flatMap((name) => {
    const text = parsed[name];
    if (text === undefined) return [];
    if (!/^[1-9][0-9]*$/.test(text)) throw new UsageError(`--${name} takes a positive number`);
    return [[name, Number(text)]];
  });
  const command = parsed._.map(String);
  if (command.length === 0) throw new UsageError("a command is missing");
  const { apparmor, selinux, systemd, hybrid, release, results, console } = parsed;
  if (systemd && !release) throw new UsageError("--systemd takes a --release");
  const options = { apparmor, selinux, systemd, hybrid, release, results, console };
  return { command, options: { ...Object.fromEntries(numbers), ...options } };
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** This program was told to exit by a signal. */
class Interrupted extends Error {
  override name = "Interrupted";
  constructor(readonly signal: keyof typeof SIGNALS) {
    super(`ended by ${signal}`);
  }
}

/** Ends the host, and so the run, on a signal. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    Deno.addSignalListener(signal, () => controller.abort(new Interrupted(signal)));
  }
  return controller.signal;
}

function writeAll(file: { writeSync(data: Uint8Array): number }): (chunk: Uint8Array) => void {
  return (chunk) => {
    for (let rest = chunk; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
  };
}

async function main(args: string[]): Promise<number> {
  const { command, options } = parseCommandLine(args);
  const run = await runInEmulatedHost(command, {
    ...options,
    signal: abortOnSignals(),
    onStdout: writeAll(Deno.stdout),
    onStderr: writeAll(Deno.stderr),
  });
  return run.code;
}

function exitCodeFor(error: unknown): number {
  const expected = [EmulatedHostError, HostError, UsageError, Interrupted];
  const known = error instanceof Error && expected.some((kind) => error instanceof kind);
  console.error(`emulated host: ${known ? error.message : Deno.inspect(error)}`);
  return error instanceof Interrupted ? 128 + SIGNALS[error.signal] : 125;
}

Deno.exit(await main(Deno.args).catch(exitCodeFor));
