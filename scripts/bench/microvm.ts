/**
 * Measures microVMs in turn: the memory of the VMM while its guest sleeps, and the time from the command to the guest's
 * first line. Runs where libkrun can run a guest; ../bench_microvm.ts finds such a host.
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

export interface MicrovmFigures extends Memory {
  readonly name: string;
  /** Of each round, in milliseconds. */
  readonly firstLine: readonly number[];
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

/** The wait before the VMM's memory is read. */
const SETTLING_MS = 5000;

/** The order alternates between rounds; the first round fills caches and is not counted. */
export async function measureMicrovms(
  contenders: readonly Contender[],
  rounds: number,
): Promise<MicrovmFigures[]> {
  const folder = await Deno.makeTempDir({ prefix: "kago-bench-" });
  try {
    const times = contenders.map((): number[] => []);
    for (let round = 0; round <= rounds; round++) {
      const order = [...contenders.keys()];
      if (round % 2) order.reverse();
      for (const index of order) {
        const time = await withGuest(
          contenders[index]!,
          folder,
          "echo up",
          ({ milliseconds }) => Promise.resolve(milliseconds),
        );
        if (round > 0) times[index]!.push(time);
        console.error(
          `round ${round} of ${rounds}: ${contenders[index]!.name} ${time.toFixed()} ms`,
        );
      }
    }
    const figures: MicrovmFigures[] = [];
    for (const [index, contender] of contenders.entries()) {
      const memory = await memoryOfSleeper(contender, folder);
      figures.push({ name: contender.name, firstLine: times[index]!, ...memory });
    }
    return figures;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a container; `use` is called once its guest has written a line. */
async function withGuest<T>(
  contender: Contender,
  folder: string,
  script: string,
  use: (guest: { root: string; id: string; milliseconds: number }) => Promise<T>,
): Promise<T> {
  const { name, program, env } = contender;
  const root = `${folder}/${name}`;
  const id = `bench-${name}`;
  const config = name === "kago" ? {} : CONFIG;
  const args = ["/bin/sh", "-c", script];
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
    if ((await reader.read()).done) throw new Error(`the guest of ${name} wrote nothing`);
    return await use({ root, id, milliseconds: performance.now() - begin });
  } finally {
    const remove = ["--root", root, "delete", "--force", id];
    await new Deno.Command(program, { ...options, stderr: "null", args: remove }).output();
    await reader.cancel();
    await child.status;
    await removeBundle(bundle);
  }
}

function memoryOfSleeper(contender: Contender, folder: string): Promise<Memory> {
  return withGuest(contender, folder, "echo up; exec sleep 1000", async ({ root, id }) => {
    await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
    const { stdout } = await new Deno.Command(contender.program, {
      args: ["--root", root, "state", id],
      env: { ...contender.env },
    }).output();
    const { pid } = JSON.parse(new TextDecoder().decode(stdout));
    return memoryOf(pid);
  });
}
