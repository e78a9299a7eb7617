/**
 * podman with one runtime, and with a store of the test's own. Owns the store's place, the image that the cases run,
 * and the options that a kind of host needs.
 */
import { makeRootfs } from "../../../scripts/sample/rootfs.ts";
import { asSessionUser, USER, USER_KAGO } from "../../harness/ordinary_user.ts";
import { run, runOk, type RunOptions, type RunResult } from "../../harness/run.ts";
import { type Host, type Runtime, RUNTIME_PATHS } from "../engine_case.ts";
import { onTerminal } from "../terminal.ts";

/** A busybox with the users root and test. */
export const IMAGE = "localhost/busybox";

/** A machine that gives root no CAP_SYS_RESOURCE cannot raise its limits to podman's defaults. */
export const CONFINED = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"];

/** Seconds. */
const CLEANUP = 30;

/**
 * Removes a folder with a store below. The store's own mount (overlay) must be removed before its files, and may come
 * back: conmon starts a `podman container cleanup` for each container, which may outlast its `podman run`.
 */
async function removeStore(folder: string): Promise<void> {
  for (const deadline = Date.now() + CLEANUP * 1000;;) {
    await run("umount", [`${folder}/root/overlay`]);
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export class Podman {
  private constructor(
    readonly runtime: Runtime,
    readonly host: Host,
    /** All of the test's files are below it. */
    readonly folder: string,
  ) {}

  /** With a new store that contains IMAGE. */
  static async open(runtime: Runtime, host: Host): Promise<Podman> {
    const home = host === "rootless" ? { dir: USER.home } : {};
    const folder = await Deno.makeTempDir({ prefix: `podman_${runtime}_`, ...home });
    await Deno.chmod(folder, 0o755); // other users' containers must be able to traverse it
    const podman = new Podman(runtime, host, folder);
    await makeRootfs(`${folder}/rootfs`);
    await runOk("tar", ["-C", `${folder}/rootfs`, "-cf", `${folder}/image.tar`, "."]);
    if (host === "rootless") await runOk("chown", ["-R", `${USER.uid}:${USER.gid}`, folder]);
    await podman.ok("import", `${folder}/image.tar`, IMAGE);
    return podman;
  }

  async close(): Promise<void> {
    await this.ok("pod", "rm", "--all", "--force");
    await this.ok("rm", "--all", "--force", "--time", "0");
    await removeStore(this.folder);
  }

  get runtimePath(): string {
    const { host, runtime } = this;
    return host === "rootless" && runtime === "kago" ? USER_KAGO : RUNTIME_PATHS[runtime];
  }

  /** The options before podman's command. */
  get globalOptions(): string[] {
    const { folder } = this;
    return [
      ...["--root", `${folder}/root`, "--runroot", `${folder}/run`, "--tmpdir", `${folder}/tmp`],
      ...["--storage-driver", "overlay", "--runtime", this.runtimePath],
      `--cgroup-manager=${["v1", "v2"].includes(this.host) ? "cgroupfs" : "systemd"}`,
    ];
  }

  /** `podman WORDS...`, with any exit code. */
  podman(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const [program, ...args] = this.commandLine(words);
    const cwd = this.folder; // where conmon writes a file after an out-of-memory kill
    return run(program!, args, { timeout: 120, cwd, ...options });
  }

  /** `podman WORDS...`, which must succeed; returns its standard output. */
  ok(...words: string[]): Promise<string> {
    return this.expect(0, words);
  }

  /** `podman WORDS...`, which must exit with `code`; returns its standard output. */
  async expect(code: number, words: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.podman(words, options);
    if (result.code === code) return result.stdout;
    throw new Error(
      `podman ${words.join(" ")} ended with ${result.code}, not ${code}\n` +
        `stdout: ${result.stdout}\nstderr: ${result.stderr}`,
    );
  }

  /** `podman run --rm WORDS...`, like ok(). */
  run(...words: string[]): Promise<string> {
    return this.ok("run", "--rm", ...words);
  }

  /** `podman WORDS...` on a terminal, like ok(); `input` is typed. */
  terminal(words: readonly string[], input = ""): Promise<string> {
    return onTerminal(this.commandLine(words), { stdin: input, cwd: this.folder });
  }

  /** `podman OPTIONS... WORDS...`; of an option that this class also passes, the last occurrence counts. */
  commandLine(words: readonly string[], options: readonly string[] = []): readonly string[] {
    const command = ["podman", ...this.globalOptions, ...options, ...this.adapt(words)];
    return this.host === "rootless" ? asSessionUser(command) : command;
  }

  /** `podman run`, `create` and `build` with this host's options, and no network unless the case is about one. */
  private adapt(words: readonly string[]): string[] {
    const [command = "", ...rest] = words;
    if (!["run", "create", "build"].includes(command)) return [...words];
    const own = rest.some((word) => word.startsWith("--network") || word.startsWith("--pod"));
    const confined = this.host === "v1" ? CONFINED : [];
    return [command, ...confined, ...(own ? [] : ["--network", "none"]), ...rest];
  }
}
