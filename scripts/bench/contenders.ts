/**
 * What takes part: container runtimes, and an empty Deno script as the floor below which no Deno program gets. Owns
 * the commands of one round; repeating them is rounds.ts's.
 */
import type { Bundles } from "./bundle.ts";
import { crowdOf, CROWDS } from "./crowd.ts";
import { type Measure, runTool, type Sample } from "./measure.ts";

/** Measured of a runtime, in this order; of the empty script only `run`. */
export const STEPS = [
  "run",
  "run with limits",
  "run with seccomp",
  "run after a run",
  "create",
  "start",
  "state",
  "exec",
  "pause",
  "resume",
  "list of 20",
  "list of 200",
  "kill",
  "delete",
] as const;
export type Step = (typeof STEPS)[number];

/**
 * How long the kernel is left alone before a command that moves processes between cgroups. The first move by
 * `cgroup.procs` makes all forks take their slow path, for which it waits a grace period of RCU (8 ms and more); for
 * some 15 ms after that, further moves need not wait. A command within that time would be measured with what the one
 * before it has paid.
 */
const REST_MS = 100;

export interface Contender {
  readonly name: string;
  /** Makes what all rounds share; cleanUp() removes it. */
  prepare(): Promise<void>;
  /** One sample for each step that the contender has. */
  measureRound(measure: Measure): Promise<Partial<Record<Step, Sample>>>;
  /** Removes all containers, also those that a round which did not end may have left. */
  cleanUp(): Promise<void>;
}

/** A runtime with a state root and containers of its own, below `folder`. */
export function runtimeContender(
  name: string,
  program: string,
  bundles: Bundles,
  folder: string,
): Contender {
  const root = `${folder}/${name}-state`;
  const pidFile = `${folder}/${name}.pid`;
  const ids = {
    brief: `bench-${name}-brief`,
    limited: `bench-${name}-limited`,
    filtered: `bench-${name}-filtered`,
    lasting: `bench-${name}-lasting`,
  };

  const [few, many] = CROWDS.map((size) => crowdOf(size, name, program, bundles, folder));

  return {
    name,
    async prepare() {
      await few!.create();
      await many!.create();
    },
    async measureRound(measure) {
      const call = (...args: string[]) => measure([program, "--root", root, ...args]);
      const rested = async (...args: string[]) => {
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
        return await call(...args);
      };
      const run = await rested("run", "--bundle", bundles.brief, ids.brief);
      const limited = await rested("run", "--bundle", bundles.limited, ids.limited);
      const filtered = await rested("run", "--bundle", bundles.filtered, ids.filtered);
      // The case that the rests keep out of the others: containers that are started one right after another.
      const again = await call("run", "--bundle", bundles.brief, ids.brief);
      const create = await rested(
        ...["create", "--bundle", bundles.lasting, "--pid-file", pidFile, ids.lasting],
      );
      const start = await call("start", ids.lasting);
      const state = await call("state", ids.lasting);
      const exec = await rested("exec", ids.lasting, "/bin/true");
      const pause = await call("pause", ids.lasting);
      const resume = await call("resume", ids.lasting);
      const listFew = await measure([program, "--root", few!.root, "list"]);
      const listMany = await measure([program, "--root", many!.root, "list"]);
      const kill = await call("kill", ids.lasting, "KILL");
      await waitUntilDead(Number(await Deno.readTextFile(pidFile)));
      const remove = await call("delete", ids.lasting);
      const runs = {
        run,
        "run with limits": limited,
        "run with seccomp": filtered,
        "run after a run": again,
      };
      const lists = { "list of 20": listFew, "list of 200": listMany };
      const short = { start, state, exec, pause, resume, kill, delete: remove };
      return { ...runs, create, ...short, ...lists };
    },
    async cleanUp() {
      for (const id of Object.values(ids)) {
        await runTool(program, ["--root", root, "delete", "--force", id]);
      }
      await few!.remove();
      await many!.remove();
    },
  };
}

/** An empty script under the flags that kago's own binary gives to Deno. */
export function emptyScriptContender(name: string, deno: string, folder: string): Contender {
  const script = `${folder}/empty.js`;
  Deno.writeTextFileSync(script, "");
  const flags = "--quiet --no-config --no-lock --no-remote --no-npm --no-code-cache".split(" ");
  return {
    name,
    async prepare() {},
    async measureRound(measure) {
      return { run: await measure([deno, "run", "-A", ...flags, script]) };
    },
    async cleanUp() {},
  };
}

/** Waits until a process is gone or a zombie: `delete` refuses a container that still runs. */
async function waitUntilDead(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (await isAlive(pid)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} lives 10 s after SIGKILL`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** proc_pid_stat(5): the state follows the name, which is in parentheses and may hold any character. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    return !["Z", "X"].includes(stat.slice(stat.lastIndexOf(")") + 2)[0]!);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
