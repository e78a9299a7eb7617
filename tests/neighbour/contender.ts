/** A container of one runtime's in the workload that neighbours watch, whichever runtime it is. */
import { assertEquals } from "@std/assert";
import {
  type Bundle,
  type BundleOptions,
  makeBundle,
  removeBundle,
} from "../../scripts/sample/bundle.ts";
import { KAGO } from "../harness/kago.ts";
import { run, type RunOptions, type RunResult } from "../harness/run.ts";

export type Runtime = "kago" | "runc";

export class Contender {
  static #serial = 0;
  readonly id = `watched-${Deno.pid}-${Contender.#serial++}`;

  private constructor(
    private readonly runtime: Runtime,
    private readonly root: string,
    readonly bundle: Bundle,
  ) {}

  /**
   * Runs `use` with a bundle, and deletes the container.
   * @param hostId the host's id of its root, where it has a user namespace.
   */
  static async with(
    runtime: Runtime,
    options: BundleOptions,
    hostId: number,
    use: (contender: Contender) => Promise<void>,
  ): Promise<void> {
    const bundle = await makeBundle(options);
    if (hostId > 0) await giveRootfs(bundle, hostId);
    const root = await Deno.makeTempDir({ prefix: "watched_" });
    const contender = new Contender(runtime, root, bundle);
    try {
      await use(contender);
    } finally {
      await contender.run("delete", "--force", contender.id);
      await Deno.remove(root, { recursive: true });
      await removeBundle(bundle);
    }
  }

  get #program(): string {
    return this.runtime === "kago" ? KAGO : "runc";
  }

  /** The words of a command, for a shell. */
  line(...args: string[]): string {
    return [this.#program, "--root", this.root, ...args].join(" ");
  }

  run(...args: string[]): Promise<RunResult> {
    return this.#run(args, {});
  }

  #run(args: string[], options: RunOptions): Promise<RunResult> {
    return run(this.#program, ["--root", this.root, ...args], options);
  }

  /** As run(), for what must succeed. */
  async does(...args: string[]): Promise<void> {
    const { code, stdout, stderr } = await this.run(...args);
    assertEquals(code, 0, `${this.line(...args)}: ${stdout}${stderr}`);
  }

  /** The host's pid of its first process. */
  async pid(): Promise<number> {
    return JSON.parse((await this.run("state", this.id)).stdout).pid;
  }

  /** `create` or `run --detach`, whose container keeps its output open. */
  async leaves(...args: string[]): Promise<void> {
    const [command, ...rest] = args;
    const words = [command!, "--bundle", this.bundle.path, ...rest, this.id];
    const { code, stdout } = await this.#run(words, { output: `${this.bundle.path}/output` });
    assertEquals(code, 0, `${this.line(...words)}: ${stdout}`);
  }
}

/** Root of a user namespace mounts below it, and is kept out by modes elsewhere. */
export async function giveRootfs({ rootfs }: Bundle, hostId: number): Promise<void> {
  for (const path of ["", "/dev", "/proc", "/sys", "/tmp", "/etc"]) {
    await Deno.chown(`${rootfs}${path}`, hostId, hostId);
  }
}
