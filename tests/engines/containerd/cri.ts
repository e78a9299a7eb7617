/** `crictl` with a containerd of the test's own and one of the runtimes in its configuration: a pod as a kubelet makes it. */
import { prepareCrictl } from "../crictl/crictl.ts";
import { run, runOk, type RunOptions, type RunResult } from "../../harness/run.ts";
import type { Host, Runtime } from "../engine_case.ts";
import { onTerminal } from "../terminal.ts";
import { IMAGE } from "./containerd.ts";

/** The cgroup of the pods, which is a kubelet's to make and to remove. */
const CGROUP = "kagocri";

/**
 * From v2's hierarchy, or from each one of v1. Nothing else is looked into: others' cgroups vanish while find(1) reads
 * them, which its -ignore_readdir_race does not forgive for folders.
 */
const REMOVE = 'for folder in /sys/fs/cgroup/"$0" /sys/fs/cgroup/*/"$0"; do ' +
  'test ! -d "$folder" || find "$folder" -depth -type d -delete || exit; done';

export async function removePodsCgroup(host: Host): Promise<void> {
  await (host === "systemd"
    ? runOk("systemctl", ["stop", `${CGROUP}.slice`])
    : removeCgroup(CGROUP));
}

/** Of a host without systemd. */
export async function removeCgroup(name: string): Promise<void> {
  await runOk("sh", ["-c", REMOVE, name]);
}

export class Cri {
  /** What crictl says of the pod and of the container in it. */
  pod = "";
  container = "";

  private constructor(
    readonly runtime: Runtime,
    readonly host: Host,
    readonly folder: string,
    private readonly program: string,
  ) {}

  static async open(runtime: Runtime, host: Host, folder: string): Promise<Cri> {
    const cri = new Cri(runtime, host, folder, await prepareCrictl());
    // A pod's own network takes programs that make it (CNI).
    await cri.podConfig("pod", { namespace_options: { network: 2 /* NODE */ } });
    return cri;
  }

  /** A pod with that of LinuxSandboxSecurityContext: the path of its configuration. */
  podConfig(name: string, security_context: unknown, rest = {}): Promise<string> {
    return this.write(name, {
      metadata: { name: `${name}-${this.runtime}`, namespace: "tests", uid: this.runtime },
      log_directory: `${this.folder}/log-${name}-${this.runtime}`,
      linux: {
        cgroup_parent: this.host === "systemd" ? `${CGROUP}.slice` : `/${CGROUP}`,
        security_context,
      },
      ...rest,
    });
  }

  /** Takes away what is left of this runtime's pods. */
  async removePods(): Promise<void> {
    const list = await this.ok("pods", "--quiet", "--no-trunc", "--name", `-${this.runtime}$`);
    const pods = list.split("\n").filter(Boolean);
    if (pods.length > 0) await this.ok("rmp", "--force", ...pods);
  }

  /** Writes a configuration of crictl's: its path. */
  async write(name: string, value: unknown): Promise<string> {
    const path = this.file(name);
    await Deno.writeTextFile(path, JSON.stringify(value));
    return path;
  }

  file(name: string): string {
    return `${this.folder}/${name}-${this.runtime}.json`;
  }

  /** A container of the pod, with what the case says beside it: the path of its configuration. */
  containerConfig(name: string, command: readonly string[], rest = {}): Promise<string> {
    const own = { metadata: { name }, image: { image: IMAGE }, log_path: `${name}.log`, command };
    return this.write(name, { ...own, ...rest });
  }

  /** `crictl WORDS...`, whatever comes of it. */
  crictl(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run(this.program, this.argumentsOf(words), { timeout: 120, ...options });
  }

  /** `crictl WORDS...`, which must end with `code`; its standard output. */
  async expect(code: number, words: readonly string[], options?: RunOptions): Promise<string> {
    const result = await this.crictl(words, options);
    if (result.code === code) return result.stdout;
    throw new Error(
      `crictl ${words.join(" ")} ended with ${result.code}, not ${code}\n` +
        `stdout: ${result.stdout}\nstderr: ${result.stderr}`,
    );
  }

  ok(...words: string[]): Promise<string> {
    return this.expect(0, words);
  }

  /** As ok(), on a terminal. */
  terminal(words: readonly string[]): Promise<string> {
    return onTerminal([this.program, ...this.argumentsOf(words)]);
  }

  private argumentsOf(words: readonly string[]): string[] {
    const socket = `unix://${this.folder}/containerd.sock`;
    const sockets = ["--runtime-endpoint", socket, "--image-endpoint", socket];
    return [...sockets, "--timeout", "100s", ...words];
  }
}
