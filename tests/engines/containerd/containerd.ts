/** Debian's containerd with folders of the test's own, and `ctr` with one runtime. Owns its configuration and its image. */
import { makeRootfs } from "../../../scripts/sample/rootfs.ts";
import { run, runOk, type RunOptions, type RunResult } from "../../harness/run.ts";
import { Daemon } from "../daemon.ts";
import { type Host, type Runtime, RUNTIME_PATHS } from "../engine_case.ts";
import { onTerminal } from "../terminal.ts";

/** The name for `ctr`. */
export const IMAGE = "docker.io/library/busybox:latest";

/** A containerd in `folder`, with the runtimes in its CRI plugin's configuration (containerd-config.toml(5)). */
export async function startContainerd(folder: string, host?: Host): Promise<Daemon> {
  const socket = `${folder}/containerd.sock`;
  await Deno.writeTextFile(
    `${folder}/containerd.toml`,
    `version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
  sandbox_image = "${IMAGE}"
  restrict_oom_score_adj = true # root may lack the right to lower it
[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "kago"
${criRuntime("kago", host)}
${criRuntime("runc", host)}
`,
  );
  const command = ["containerd", "--config", `${folder}/containerd.toml`, "--log-level", "warn"];
  return await Daemon.start(command, `${folder}/containerd.log`, ["ctr", "-a", socket, "version"]);
}

function criRuntime(runtime: Runtime, host?: Host): string {
  const table = `[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${runtime}`;
  return `${table}]
  runtime_type = "io.containerd.runc.v2"
${table}.options]
  BinaryName = "${RUNTIME_PATHS[runtime]}"
  SystemdCgroup = ${host === "systemd"}`;
}

/** Makes a tar of a busybox root in `folder`. */
export async function makeImageTar(folder: string): Promise<string> {
  await makeRootfs(`${folder}/rootfs`);
  await runOk("tar", ["-C", `${folder}/rootfs`, "-cf", `${folder}/rootfs.tar`, "."]);
  return `${folder}/rootfs.tar`;
}

export class Ctr {
  constructor(readonly runtime: Runtime, readonly folder: string) {}

  /** `ctr WORDS...`, with any exit code. */
  ctr(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run("ctr", this.argumentsOf(words), { timeout: 120, ...options });
  }

  /** Like ok(), on a terminal. */
  terminal(words: readonly string[]): Promise<string> {
    return onTerminal(["ctr", ...this.argumentsOf(words)]);
  }

  private argumentsOf([command = "", ...rest]: readonly string[]): string[] {
    const own = command === "run" ? ["--runc-binary", RUNTIME_PATHS[this.runtime]] : [];
    const socket = `${this.folder}/containerd.sock`;
    return ["-a", socket, "--namespace", this.runtime, command, ...own, ...rest];
  }

  /** `ctr WORDS...`, which must exit with `code`; returns its standard output. */
  async expect(code: number, words: readonly string[], options?: RunOptions): Promise<string> {
    const result = await this.ctr(words, options);
    if (result.code === code) return result.stdout;
    throw new Error(
      `ctr ${words.join(" ")} ended with ${result.code}, not ${code}\n` +
        `stdout: ${result.stdout}\nstderr: ${result.stderr}`,
    );
  }

  ok(...words: string[]): Promise<string> {
    return this.expect(0, words);
  }
}
