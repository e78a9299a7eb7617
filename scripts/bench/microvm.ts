/**
 * Measures microVMs in turn: the time from the command to the guest's first line, and the memory of the VMM while its
 * guest sleeps. Runs where libkrun can run a guest; ../bench_microvm.ts finds such a host.
 */
import { makeBundle, removeBundle } from "../sample/bundle.ts";
import { type Memory, memoryOf } from "./memory.ts";

/** A runtime that runs microVMs. */
export interface Contender {
  readonly name: string;
  /** Absolute path. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

/** One guest; the memory is that of its VMM. */
export interface Round extends Memory {
  /** Milliseconds from the command to the guest's first line. */
  readonly firstLine: number;
  /** Milliseconds since the guest's kernel began, as /proc/uptime in the guest has them before the line. */
  readonly inGuest: number;
}

export interface MicrovmFigures {
  readonly name: string;
  readonly rounds: readonly Round[];
}

/**
 * crun before 1.20 has no annotations: it uses the memory limit as the guest's size, and as many CPUs as it may use. So
 * both are pinned to one CPU; in QEMU's emulation a guest with several also fails at its own code patching.
 */
const ONE_CPU = ["taskset", "--cpu-list", "0"] as const;
const RAM_MIB = 256;
const CONFIG = { linux: { resources: { memory: { limit: RAM_MIB << 20 } } } };

const ANNOTATIONS = {
  "run.oci.handler": "krun",
  "krun.ram_mib": `${RAM_MIB}`,
  "krun.cpus": "1",
};

/** Prints how long the guest's kernel has run, then sleeps. */
const SCRIPT = "read -r up _ < /proc/uptime; echo $up; exec sleep 1000";

/** The wait before the VMM's memory is read. */
const SETTLING_MS = 5000;

/**
 * The order alternates between rounds; the first round fills caches and is not counted. Every round reads the memory,
 * because a guest's memory is in huge pages, of which one guest has two or three more than the next.
 */
export async function measureMicrovms(
  contenders: readonly Contender[],
  rounds: number,
): Promise<MicrovmFigures[]> {
  const folder = await Deno.makeTempDir({ prefix: "kago-bench-" });
  try {
    const figures = contenders.map(({ name }) => ({ name, rounds: [] as Round[] }));
    for (let round = 0; round <= rounds; round++) {
      const order = [...contenders.keys()];
      if (round % 2) order.reverse();
      for (const index of order) {
        const figure = await measureGuest(contenders[index]!, folder);
        if (round > 0) figures[index]!.rounds.push(figure);
        const { firstLine, rss } = figure;
        console.error(
          `round ${round} of ${rounds}: ${
            contenders[index]!.name
          } ${firstLine.toFixed()} ms, ${rss} KiB`,
        );
      }
    }
    return figures;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a container, and deletes it. */
async function measureGuest(contender: Contender, folder: string): Promise<Round> {
  const { name, program, env } = contender;
  const root = `${folder}/${name}`;
  const id = `bench-${name}`;
  const config = name === "kago" ? {} : CONFIG;
  const args = ["/bin/sh", "-c", SCRIPT];
  const bundle = await makeBundle({ parent: folder, args, annotations: ANNOTATIONS, config });
  await Deno.mkdir(root, { recursive: true });
  const options = { env: { ...env }, stdin: "null", stderr: "inherit" } as const;
  const begin = performance.now();
  const [taskset, ...onOne] = ONE_CPU;
  const child = new Deno.Command(taskset, {
    args: [...onOne, program, "--root", root, "run", "--bundle", bundle.path, id],
    ...options,
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  try {
    const { value } = await reader.read();
    const firstLine = performance.now() - begin;
    const line = new TextDecoder().decode(value);
    if (!/^\d+\.\d+\r?\n$/.test(line)) throw new Error(`the guest of ${name} wrote "${line}"`);
    return { firstLine, inGuest: Number(line) * 1000, ...await settledMemory(contender, root, id) };
  } finally {
    const remove = ["--root", root, "delete", "--force", id];
    await new Deno.Command(program, { ...options, stderr: "null", args: remove }).output();
    await reader.cancel();
    await child.status;
    await removeBundle(bundle);
  }
}

async function settledMemory(
  { program, env }: Contender,
  root: string,
  id: string,
): Promise<Memory> {
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
  const { stdout } = await new Deno.Command(program, {
    args: ["--root", root, "state", id],
    env: { ...env },
  }).output();
  const { pid } = JSON.parse(new TextDecoder().decode(stdout));
  return memoryOf(pid);
}
