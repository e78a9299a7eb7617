/**
 * One runtime with one running container, in which commands are executed. Owns that nothing of it is left on the host,
 * and how an `exec` becomes facts.
 */
import { shellWord } from "../../../runtime/common/shell_word.ts";
import {
  type Bundle,
  makeBundle,
  mergeJson,
  removeBundle,
} from "../../../scripts/sample/bundle.ts";
import { KAGO } from "../../harness/kago.ts";
import { isThere } from "../../../runtime/common/files.ts";
import { run, runOk } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";
import { addFacts, type Facts, splitSections } from "../facts.ts";
import { makeReadable, namespaceNames } from "../readable.ts";
import type { ExecCase } from "./exec_case.ts";
import { CONTAINERS } from "./containers.ts";
import { EXEC_PROBE, readStat } from "./exec_probe.ts";

export type ExecRuntime = "runc" | "kago";

export interface ExecOutcome {
  readonly facts: Facts;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class ExecContender implements AsyncDisposable {
  static #serial = 0;

  private constructor(
    readonly bundle: Bundle,
    readonly id: string,
    /** The runtime with its state root. */
    readonly command: readonly string[],
    readonly pid: number,
    /** Names of namespaces, as in readable.ts. */
    private readonly names: ReadonlyMap<string, string>,
  ) {}

  static async start(runtime: ExecRuntime, container: string): Promise<ExecContender> {
    const bundle = await makeBundle();
    await Deno.writeTextFile(
      `${bundle.path}/config.json`,
      JSON.stringify(mergeJson(bundle.config, configOf(container))),
    );
    const id = `exec-${Deno.pid}-${this.#serial++}`;
    const root = await Deno.makeTempDir({ prefix: "root_" });
    const command = [runtime === "kago" ? KAGO : runtime, "--root", root];
    const pidFile = `${bundle.path}/pid`;
    const words = ["run", "--detach", "--bundle", bundle.path, "--pid-file", pidFile, id];
    const [program, ...global] = command;
    await runOk(program!, [...global, ...words], { output: `${bundle.path}/output` });
    const pid = Number(await Deno.readTextFile(pidFile));
    return new ExecContender(bundle, id, command, pid, namespaceNames(Deno.pid, Deno.pid, pid));
  }

  /** A command of the runtime for the container, such as `pause`. */
  call(verb: string, signal?: string) {
    const [program, ...global] = this.command;
    return run(program!, [...global, verb, this.id, ...(signal ? [signal] : [])]);
  }

  /** Ends the container, and waits for it. */
  async end(): Promise<void> {
    await this.call("kill", "KILL");
    const stopped = async () => (await this.call("state")).stdout.includes('"stopped"');
    await until(`${this.id} has ended`, stopped);
  }

  /** Creates a cgroup of this name below each of the container's, until it is disposed of. */
  subCgroups(name: string): Disposable {
    const made = Deno.readTextFileSync(`/proc/${this.pid}/cgroup`).trim().split("\n")
      .map((line) => folderOf(line)).filter((folder) => folder.includes(this.id))
      .map((folder) => `${folder}/${name}`);
    for (const folder of made) Deno.mkdirSync(folder);
    // v1's cpuset accepts no process before its cpus and mems are set.
    for (const folder of made.filter((path) => path.includes("/cpuset/"))) {
      for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        Deno.writeTextFileSync(`${folder}/${file}`, Deno.readTextFileSync(`${folder}/../${file}`));
      }
    }
    return { [Symbol.dispose]: () => made.forEach((folder) => Deno.removeSync(folder)) };
  }

  async exec(wanted: ExecCase): Promise<ExecOutcome> {
    const { code, stdout, stderr } = await this.#run(wanted);
    const facts: Facts = new Map([["outcome", `ended with ${code}`]]);
    const readable = makeReadable(stdout, { bundle: this.bundle.path, id: this.id }, this.names)
      .replaceAll("\r", "").replace("^@", "");
    if (!readable.startsWith("== ")) facts.set("printed", readable);
    for (const [section, lines] of Object.entries(splitSections(readable))) {
      const told = section === "stat" ? readStat(lines.join("\n")) : lines;
      addFacts(facts, section, told);
    }
    return { facts, code, stdout, stderr: stderr.trim() };
  }

  #run({ options = [], process, command, caller = "", onTerminal = false }: ExecCase) {
    const probe = [...command ?? ["sh", "-c", EXEC_PROBE, "zero"]];
    const file = `${this.bundle.path}/process.json`;
    const asked = process ? [...options, "--process", file] : options;
    if (process) {
      const args = command ? [...command, "-c", EXEC_PROBE] : probe;
      Deno.writeTextFileSync(file, JSON.stringify({ args, ...process }));
    }
    const words = [...this.command, "exec", ...asked, this.id, ...(process ? [] : probe)];
    const line = `${caller || ":"}; exec ${words.map(shellWord).join(" ")}`;
    return onTerminal
      ? run("script", ["-qec", `stty rows 31 cols 97; ${line}`, "/dev/null"], {
        holdStdin: true,
      })
      : run("sh", ["-c", line]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [program, ...global] = this.command;
    await run(program!, [...global, "delete", "--force", this.id]);
    await Deno.remove(this.command[2]!, { recursive: true });
    await removeBundle(this.bundle);
  }
}

function configOf(container: string) {
  return mergeJson({ process: { args: ["sleep", "1000"] } }, CONTAINERS[container]!);
}

/** The folder of a line of /proc/PID/cgroup on this host. */
function folderOf(line: string): string {
  const [, controllers, path] = line.split(":");
  const unified = isThere("/sys/fs/cgroup/unified") ? "unified" : "";
  return `/sys/fs/cgroup/${controllers!.replace("name=", "") || unified}${path}`;
}
