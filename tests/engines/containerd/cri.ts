/** `crictl` with the test's own containerd or CRI-O, configured with one of the runtimes: pods as a kubelet makes them. */
import { prepareCrictl } from "../crictl/crictl.ts";
import { run, runOk, type RunOptions, type RunResult } from "../../harness/run.ts";
import type { Host, Runtime } from "../engine_case.ts";
import { onTerminal } from "../terminal.ts";
import { IMAGE } from "./containerd.ts";

/** The cgroup of the pods, which a kubelet creates and removes. */
const CGROUP = "kagocri";

/**
 * From v2's hierarchy, or from each v1 hierarchy. It searches nothing else: other cgroups may vanish while find(1)
 * reads them, which its -ignore_readdir_race does not ignore for folders.
 */
const REMOVE = 'for folder in /sys/fs/cgroup/"$0" /sys/fs/cgroup/*/"$0"; do ' +
  'test ! -d "$folder" || find "$folder" -depth -type d -delete || exit; done';

export async function removePodsCgroup(host: Host): Promise<void> {
  await (host === "systemd"
    ? runOk("systemctl", ["stop", `${CGROUP}.slice`])
    : removeCgroup(CGROUP));
}

/** On a host without systemd. */
export async function removeCgroup(name: string): Promise<void> {
  await runOk("sh", ["-c", REMOVE, name]);
}

export class Cri {
  /** The ids that crictl prints for the pod and its container. */
  pod = "";
  container = "";

  private constructor(
    readonly runtime: Runtime,
    readonly host: Host,
    readonly folder: string,
    private readonly socket: string,
    private readonly program: string,
  ) {}

  /** @param socket the daemon's; `folder` is for the configuration of pods and their logs. */
  static async open(runtime: Runtime, host: Host, folder: string, socket: string): Promise<Cri> {
    const cri = new Cri(runtime, host, folder, socket, await prepareCrictl());
    // A pod's own network requires programs that make it (CNI).
    await cri.podConfig("pod", { namespace_options: { network: 2 /* NODE */ } });
    return cri;
  }

  /** A pod with this LinuxSandboxSecurityContext; returns the path of its configuration. */
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

  /** Removes what is left of this runtime's pods. */
  async removePods(): Promise<void> {
    const list = await this.ok("pods", "--quiet", "--no-trunc", "--name", `-${this.runtime}$`);
    const pods = list.split("\n").filter(Boolean);
    if (pods.length > 0) await this.ok("rmp", "--force", ...pods);
  }

  /** Writes a configuration for crictl; returns its path. */
  async write(name: string, value: unknown): Promise<string> {
    const path = this.file(name);
    await Deno.writeTextFile(path, JSON.stringify(value));
    return path;
  }

  file(name: string): string {
    return `${this.folder}/${name}-${this.runtime}.json`;
  }

  /** A container of the pod, with the case's additions; returns the path of its configuration. */
  containerConfig(name: string, command: readonly string[], rest = {}): Promise<string> {
    const own = { metadata: { name }, image: { image: IMAGE }, log_path: `${name}.log`, command };
    return this.write(name, { ...own, ...rest });
  }

  /** `crictl WORDS...`, with any exit code. */
  crictl(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run(this.program, this.argumentsOf(words), { timeout: 120, ...options });
  }

  /** `crictl WORDS...`, which must exit with `code`; returns its standard output. */
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

  /** Like ok(), on a terminal. */
  terminal(words: readonly string[]): Promise<string> {
    return onTerminal([this.program, ...this.argumentsOf(words)]);
  }

  private argumentsOf(words: readonly string[]): string[] {
    const socket = `unix://${this.socket}`;
    const sockets = ["--runtime-endpoint", socket, "--image-endpoint", socket];
    return [...sockets, "--timeout", "100s", ...words];
  }
}
