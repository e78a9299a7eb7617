/**
 * Loads libkrun in a process of its own: a library once loaded answers to its name for good, so no two tests can load
 * different ones. As a module it starts that process, as a program it is that process.
 */
import { checkLibkrunHost } from "../../../executors/libkrun/host_checks.ts";
import { libkrunAbi, openLibkrun } from "../../../ffi/libkrun.ts";
import { libraryVersions } from "../../../ffi/libkrun_report.ts";

export interface Probe {
  /** As for openLibkrun(), named by `--libkrun`. */
  readonly path?: string;
  /** Call libraryVersions() instead. */
  readonly versions?: true;
  /** Call libkrunAbi() instead. */
  readonly abi?: true;
  /** Call checkLibkrunHost() for a spec with these args instead. */
  readonly check?: readonly string[];
}

export interface Probed {
  readonly result?: unknown;
  readonly error?: {
    readonly name: string;
    readonly message: string;
    readonly errno?: number;
    readonly jsonPath?: string;
  };
  /** The exit code, when the process ended as a guest does. */
  readonly code: number;
}

/** Runs a probe, with `env` added to its environment. */
export async function probeLibkrun(probe: Probe, env: Record<string, string>): Promise<Probed> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL(import.meta.url).pathname, JSON.stringify(probe)],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const CRASHED = 1;
  if (text === "" && code === CRASHED) throw new Error(new TextDecoder().decode(stderr));
  return { ...JSON.parse(text || "{}"), code };
}

function carryOut({ path, versions, abi, check }: Probe): unknown {
  const place = path === undefined ? undefined : { path, from: "--libkrun" };
  if (abi) return libkrunAbi(place);
  if (versions) return { ...libraryVersions() };
  if (check) {
    const spec = { ociVersion: "1.2.0", process: { cwd: "/", args: check } };
    return checkLibkrunHost(spec, { cpus: 1, ramMib: 128, logLevel: 1 });
  }
  const libkrun = openLibkrun(place);
  libkrun.lookForFirmware();
  return { firmware: libkrun.hasFirmware(), initInC: libkrun.hasInitInC(), abi: libkrun.abi };
}

if (import.meta.main) {
  try {
    console.log(JSON.stringify({ result: carryOut(JSON.parse(Deno.args[0]!)) }));
  } catch (error) {
    const { name, message, errno, jsonPath } = error as NonNullable<Probed["error"]>;
    console.log(JSON.stringify({ error: { name, message, errno, jsonPath } }));
  }
}
