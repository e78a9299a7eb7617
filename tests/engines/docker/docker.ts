/** Docker Engine with folders of the test's own and kago as an added runtime, for microVMs too; `docker` with one of the runtimes. */
import { KAGO } from "../../harness/kago.ts";
import { run, runOk, type RunOptions, type RunResult } from "../../harness/run.ts";
import { makeImageTar, startContainerd } from "../containerd/containerd.ts";
import { Daemon } from "../daemon.ts";
import type { Runtime } from "../engine_case.ts";
import { inTurn } from "../every.ts";
import { onTerminal } from "../terminal.ts";

/** Debian's, which another docker on the PATH may shadow. */
export const DOCKER = "/usr/bin/docker";

export const IMAGE = "busybox";

/** Docker and its containerd. */
export class Engine {
  private constructor(
    readonly folder: string,
    private readonly docker: Daemon,
    private readonly containerd: Daemon,
  ) {}

  static async start(): Promise<Engine> {
    const folder = await Deno.makeTempDir({ prefix: "docker_" });
    const containerd = await startContainerd(folder);
    await Deno.symlink(KAGO, `${folder}/krun`); // called by this name, kago makes microVMs
    await Deno.writeTextFile(
      `${folder}/daemon.json`,
      JSON.stringify({ runtimes: { kago: { path: KAGO }, krun: { path: `${folder}/krun` } } }),
    );
    const command = [
      ...["dockerd", "--config-file", `${folder}/daemon.json`],
      ...["--containerd", `${folder}/containerd.sock`, "--host", `unix://${folder}/docker.sock`],
      ...["--data-root", `${folder}/docker`, "--exec-root", `${folder}/docker-exec`],
      ...["--pidfile", `${folder}/docker.pid`, "--storage-driver", "overlay2"],
      // The host's network is not changed.
      ...["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"],
    ];
    const probe = [DOCKER, "--host", `unix://${folder}/docker.sock`, "version"];
    const docker = await Daemon.start(command, `${folder}/docker.log`, probe);
    await runOk(DOCKER, [...probe.slice(1, 3), "import", await makeImageTar(folder), IMAGE]);
    return new Engine(folder, docker, containerd);
  }

  async end(): Promise<void> {
    await inTurn(
      () => this.docker.end(),
      () => this.containerd.end(),
      () => run("umount", [`${this.folder}/docker`]), // dockerd binds it on itself
      () => Deno.remove(this.folder, { recursive: true }),
    );
  }
}

export class Docker {
  constructor(
    readonly runtime: Runtime,
    readonly folder: string,
    /** Docker's name for the runtime. */
    private readonly runtimeName: string = runtime,
  ) {}

  /** `docker WORDS...`, with any exit code. */
  docker(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run(DOCKER, this.argumentsOf(words), { timeout: 120, ...options });
  }

  /** `docker WORDS...`, which must exit with `code`; returns its standard output. */
  async expect(code: number, words: readonly string[], options?: RunOptions): Promise<string> {
    const result = await this.docker(words, options);
    if (result.code === code) return result.stdout;
    throw new Error(
      `docker ${words.join(" ")} ended with ${result.code}, not ${code}\n` +
        `stdout: ${result.stdout}\nstderr: ${result.stderr}`,
    );
  }

  ok(...words: string[]): Promise<string> {
    return this.expect(0, words);
  }

  /** Like ok(), on a terminal. */
  terminal(words: readonly string[]): Promise<string> {
    return onTerminal([DOCKER, ...this.argumentsOf(words)]);
  }

  private argumentsOf([command = "", ...rest]: readonly string[]): string[] {
    const own = command === "run" ? ["--runtime", this.runtimeName, "--network", "none"] : [];
    return ["--host", `unix://${this.folder}/docker.sock`, command, ...own, ...rest];
  }
}
