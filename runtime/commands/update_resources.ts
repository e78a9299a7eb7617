/** The limits for `update`: from its options, or from a file, in the form of `linux.resources`. */
import { parseByteSize } from "../cli/byte_size.ts";
import type { Invocation } from "../cli/command_table.ts";
import { describeErrno, errnoOf, HostError, UsageError } from "../common/errors.ts";
import { checkResources } from "../spec/checks/checks.ts";
import { parseResources } from "../config/load.ts";
import type { CpuResources, Int64, MemoryResources, Resources } from "../spec/spec.ts";
import { given } from "../common/given.ts";

type UpdateOptions = Omit<Invocation<"update">["options"], "l3CacheSchema" | "memBwSchema">;

/**
 * @param mayBeEmpty whether something else changes.
 * @throws {UsageError} for invalid values, or options together with a file.
 * @throws {SpecError} for resources that break the spec.
 */
export async function updateResources(
  options: UpdateOptions,
  warn: (message: string) => void,
  mayBeEmpty = false,
): Promise<Resources> {
  const { resources: file, ...others } = options;
  if (file !== undefined && Object.keys(given(others)).length > 0) {
    throw new UsageError("update takes --resources or single limits, not both");
  }
  const resources = file === undefined
    ? fromOptions(options, warn)
    : await parseResources(file === "-" ? readStdin() : readFile(file));
  if (!mayBeEmpty && Object.keys(resources).length === 0) {
    throw new UsageError("update needs a limit to change; see kago update --help");
  }
  checkResources(resources).forEach(warn);
  return resources;
}

function fromOptions(options: UpdateOptions, warn: (message: string) => void): Resources {
  for (const name of ["kernelMemory", "kernelMemoryTcp"] as const) {
    if (options[name] === undefined) continue;
    const flag = name === "kernelMemory" ? "kernel-memory" : "kernel-memory-tcp";
    warn(`--${flag} is ignored: Linux no longer limits it separately, and --memory includes it`);
  }
  const pids = integer("pids-limit", options.pidsLimit);
  const weight = integer("blkio-weight", options.blkioWeight);
  return given({
    memory: memoryOf(options),
    cpu: cpuOf(options),
    pids: pids === undefined ? undefined : { limit: pids },
    blockIO: weight === undefined ? undefined : { weight: Number(weight) },
  });
}

function memoryOf(options: UpdateOptions): MemoryResources | undefined {
  const size = (name: string, text: string | undefined) =>
    text === undefined ? undefined : parseByteSize(name, text);
  return present({
    limit: size("memory", options.memory),
    reservation: size("memory-reservation", options.memoryReservation),
    swap: size("memory-swap", options.memorySwap),
  });
}

function cpuOf(options: UpdateOptions): CpuResources | undefined {
  return present({
    shares: integer("cpu-share", options.cpuShare),
    quota: integer("cpu-quota", options.cpuQuota),
    period: integer("cpu-period", options.cpuPeriod),
    burst: integer("cpu-burst", options.cpuBurst),
    realtimePeriod: integer("cpu-rt-period", options.cpuRtPeriod),
    realtimeRuntime: integer("cpu-rt-runtime", options.cpuRtRuntime),
    cpus: options.cpusetCpus,
    mems: options.cpusetMems,
    idle: integer("cpu-idle", options.cpuIdle),
  });
}

/** Without the fields that are undefined; undefined when all are. */
function present<T extends object>(fields: T) {
  const left = given(fields);
  return Object.keys(left).length === 0 ? undefined : left;
}

function integer(name: string, text: string | undefined): Int64 | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d{1,18}$/.test(text)) {
    throw new UsageError(`option --${name}: "${text}" is not a whole number`);
  }
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function readFile(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw new HostError(
      `cannot read ${file}: ${describeErrno(errnoOf(cause))}`,
      "name a file with the resources as JSON, or - for standard input",
      { cause },
    );
  }
}

/** Maximum size of the input; real resources have some hundred bytes. */
const MAX_SIZE = 1024 * 1024;

function readStdin(): string {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const part = new Uint8Array(16384);
    const count = Deno.stdin.readSync(part);
    if (count === null) break;
    size += count;
    if (size > MAX_SIZE) throw new UsageError(`the resources are longer than ${MAX_SIZE} bytes`);
    parts.push(part.subarray(0, count));
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new TextDecoder().decode(all);
}
