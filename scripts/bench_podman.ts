/**
 * Compares `podman run --rm` of /bin/true with kago and with runc as its runtime, in pairs. Run it as root on an idle
 * machine.
 *
 *   deno run -A scripts/bench_podman.ts [--kago FILE] [--runc FILE] [--rounds N] [--warm-up N] [--check]
 *
 * `--check` makes it exit with 1 when it takes more than 1.05 times as long with kago.
 */
import { parseArgs } from "@std/cli/parse-args";
import { makeBundles } from "./bench/bundle.ts";
import { buildMeasure } from "./bench/measure.ts";
import { interquartileRange, median } from "./bench/statistics.ts";

const GOAL = 1.05;

/** Milliseconds of one round. */
export interface Pair {
  readonly kago: number;
  readonly runc: number;
}

/** The figures as text, and the ratio that the goal is about: the median of the pairs' own. */
export function judge(pairs: readonly Pair[]): { text: string; ratio: number } {
  const ratio = median(pairs.map(({ kago, runc }) => kago / runc));
  const row = (name: keyof Pair) => {
    const times = pairs.map((pair) => pair[name]);
    return `| ${name} | ${median(times).toFixed(1)} (${interquartileRange(times).toFixed(1)}) |`;
  };
  const head = ["| podman run --rm | ms, median (IQR) |", "| --- | ---: |"];
  const text = [...head, row("kago"), row("runc"), "", `kago / runc, paired: ${ratio.toFixed(3)}`];
  return { text: text.join("\n"), ratio };
}

/** podman with a storage of its own; the limits are such as the caller's own allow. */
function podman(folder: string, runtime: string): string[] {
  return [
    "/usr/bin/podman",
    ...["--root", `${folder}/storage`, "--runroot", `${folder}/run`, "--tmpdir", `${folder}/tmp`],
    ...["--cgroup-manager=cgroupfs", `--runtime=${Deno.realPathSync(runtime)}`],
    ...["run", "--rm", "--network=none", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"],
    ...["--rootfs", `${folder}/rootfs`, "/bin/true"],
  ];
}

async function measurePairs(
  programs: { readonly kago: string; readonly runc: string },
  rounds: number,
  warmUp: number,
): Promise<Pair[]> {
  const folder = await Deno.makeTempDir({ prefix: "kago-bench-podman-" });
  try {
    const measure = await buildMeasure(folder, {});
    await makeBundles(folder, programs.runc);
    const timed = async (program: string) => (await measure(podman(folder, program))).milliseconds;
    const pairs: Pair[] = [];
    for (let round = 0; round < warmUp + rounds; round++) {
      // Whoever comes first pays for what the round before has left to be done.
      const kagoFirst = round % 2 === 0 ? await timed(programs.kago) : undefined;
      const runc = await timed(programs.runc);
      pairs.push({ kago: kagoFirst ?? await timed(programs.kago), runc });
    }
    return pairs.slice(warmUp);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const options = parseArgs(Deno.args, {
    string: ["kago", "runc", "rounds", "warm-up"],
    boolean: ["check"],
    default: { kago: "dist/kago", runc: "/usr/sbin/runc", rounds: "30", "warm-up": "3" },
  });
  const rounds = Number(options.rounds);
  const { text, ratio } = judge(await measurePairs(options, rounds, Number(options["warm-up"])));
  console.log(text);
  if (options.check && ratio > GOAL) {
    console.error(
      `goal missed: podman run takes ${ratio.toFixed(3)} times as long, at most ${GOAL}`,
    );
    Deno.exit(1);
  }
}
