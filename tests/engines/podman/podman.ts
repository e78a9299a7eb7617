/**
 * podman with one runtime, and with a store of the test's own: it owns where that is, the image that the cases run,
 * and the options that a kind of host needs.
 */
import { KAGO } from "../../harness/kago.ts";
import { makeRootfs } from "../../harness/rootfs.ts";
import { run, runOk, type RunOptions, type RunResult } from "../../harness/run.ts";
import type { Host, Runtime } from "../engine_case.ts";
import { onTerminal } from "../terminal.ts";

/** A busybox with the users root and test. */
export const IMAGE = "localhost/busybox";

const RUNTIME_PATHS: Readonly<Record<Runtime, string>> = { kago: KAGO, runc: "/usr/sbin/runc" };

/**
 * A machine that gives root no CAP_SYS_RESOURCE cannot raise its limits to podman's defaults, and one without a module
 * for bridges has no podman network.
 */
export const CONFINED = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"];

export class Podman {
  private constructor(
    readonly runtime: Runtime,
    readonly host: Host,
    /** Everything of the test's own is below. */
    readonly folder: string,
  ) {}

  /** With a new store that has IMAGE in it. */
  static async open(runtime: Runtime, host: Host): Promise<Podman> {
    const folder = await Deno.makeTempDir({ prefix: `podman_${runtime}_` });
    await Deno.chmod(folder, 0o755); // other users' containers get through
    const podman = new Podman(runtime, host, folder);
    await makeRootfs(`${folder}/rootfs`);
    await runOk("tar", ["-C", `${folder}/rootfs`, "-cf", `${folder}/image.tar`, "."]);
    await podman.ok("import", `${folder}/image.tar`, IMAGE);
    return podman;
  }

  async close(): Promise<void> {
    await this.ok("pod", "rm", "--all", "--force");
    await this.ok("rm", "--all", "--force", "--time", "0");
    // The store's own mount (overlay) has to go before its files.
    await run("umount", [`${this.folder}/root/overlay`]);
    await Deno.remove(this.folder, { recursive: true });
  }

  get runtimePath(): string {
    return RUNTIME_PATHS[this.runtime];
  }

  /** What stands before podman's command. */
  get globalOptions(): string[] {
    const { folder } = this;
    return [
      ...["--root", `${folder}/root`, "--runroot", `${folder}/run`, "--tmpdir", `${folder}/tmp`],
      ...["--storage-driver", "overlay", "--runtime", this.runtimePath],
      `--cgroup-manager=${["v1", "v2"].includes(this.host) ? "cgroupfs" : "systemd"}`,
    ];
  }

  /** `podman WORDS...`, whatever comes of it. */
  podman(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const cwd = this.folder; // where conmon leaves a file after an out-of-memory kill
    return run("podman", [...this.globalOptions, ...this.adapt(words)], {
      timeout: 120,
      cwd,
      ...options,
    });
  }

  /** `podman WORDS...`, which must succeed; its standard output. */
  ok(...words: string[]): Promise<string> {
    return this.expect(0, words);
  }

  /** `podman WORDS...`, which must end with `code`; its standard output. */
  async expect(code: number, words: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.podman(words, options);
    if (result.code === code) return result.stdout;
    throw new Error(
      `podman ${words.join(" ")} ended with ${result.code}, not ${code}\n` +
        `stdout: ${result.stdout}\nstderr: ${result.stderr}`,
    );
  }

  /** `podman run --rm WORDS...` as ok(). */
  run(...words: string[]): Promise<string> {
    return this.ok("run", "--rm", ...words);
  }

  /** `podman WORDS...` on a terminal, as ok(); `input` is typed. */
  terminal(words: readonly string[], input = ""): Promise<string> {
    const command = ["podman", ...this.globalOptions, ...this.adapt(words)];
    return onTerminal(command, { stdin: input, cwd: this.folder });
  }

  /** `podman run` and `create` with what this host needs. */
  private adapt(words: readonly string[]): string[] {
    if (this.host !== "v1") return [...words];
    const [command = "", ...rest] = words;
    if (command !== "run" && command !== "create") return [...words];
    const own = rest.some((word) => word.startsWith("--network") || word.startsWith("--pod"));
    return [command, ...CONFINED, ...(own ? [] : ["--network", "none"]), ...rest];
  }
}
