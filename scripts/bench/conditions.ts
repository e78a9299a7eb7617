/** The conditions of a run: the machine, the releases, and the load of other processes. */
import { runTool } from "./measure.ts";
import type { Program } from "./contenders.ts";

export interface Conditions {
  /** ISO 8601, in UTC. */
  readonly date: string;
  readonly kernel: string;
  readonly release: string;
  readonly processors: string;
  readonly cgroups: string;
  /** By the contender's name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  /** The load averages of the last minute, before and after the run. */
  readonly load: readonly number[];
  /** The share of processor time that other processes used just before and after, 0 to 1. */
  readonly othersShare: readonly number[];
}

/** The largest share of others with which a run is not refused. */
export const MOST_FOR_OTHERS = 0.05;

/** The duration of the check. */
const LOOK_MS = 3000;

const CGROUPS = "/sys/fs/cgroup";

export async function readConditions(programs: readonly Program[], rounds: number) {
  const versions: Record<string, string> = {};
  for (const { name, path } of programs) {
    versions[name] = versionIn(await runTool(path, ["--version"]));
  }
  const osRelease = await Deno.readTextFile("/etc/os-release");
  const cpuInfo = await Deno.readTextFile("/proc/cpuinfo");
  return {
    date: new Date().toISOString().slice(0, 16) + "Z",
    kernel: Deno.osRelease(),
    release: valueIn(osRelease, /^PRETTY_NAME="?([^"\n]*)/m),
    processors: `${navigator.hardwareConcurrency} × ${valueIn(cpuInfo, /^model name\s*: (.*)$/m)}`,
    cgroups: await cgroupLayout(),
    versions,
    rounds,
  };
}

function valueIn(text: string, pattern: RegExp): string {
  return pattern.exec(text)?.[1] ?? "unknown";
}

/** The version in the first line of `--version`, after the program's name. */
export function versionIn(text: string): string {
  return /\d\S*/.exec(text.split("\n")[0]!)?.[0] ?? "unknown";
}

/** The layout that the runtimes find in this mount namespace. */
async function cgroupLayout(): Promise<string> {
  const type = (await runTool("stat", ["-fc", "%T", CGROUPS])).trim();
  if (type !== "cgroup2fs") return "v1";
  return await hasControllers() ? "v2" : "v2 without controllers";
}

/** Whether limits can be set in this mount namespace. */
export async function hasControllers(): Promise<boolean> {
  try {
    return (await Deno.readTextFile(`${CGROUPS}/cgroup.controllers`)).includes("memory");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true; // v1
    throw error;
  }
}

export function readLoad(): number {
  return Deno.loadavg()[0]!;
}

/** The share of processor time that is used while this process waits; near 0 on an idle machine. */
export async function lookAtOthers(): Promise<number> {
  const before = processorTimes(await Deno.readTextFile("/proc/stat"));
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const after = processorTimes(await Deno.readTextFile("/proc/stat"));
  return (after.busy - before.busy) / (after.all - before.all);
}

/** proc_stat(5): user nice system idle iowait irq softirq steal; guests' time is included in user. */
export function processorTimes(stat: string): { busy: number; all: number } {
  const times = stat.split("\n")[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = times.reduce((sum, time) => sum + time, 0);
  return { all, busy: all - times[3]! - times[4]! };
}
