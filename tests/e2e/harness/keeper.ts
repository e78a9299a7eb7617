/**
 * Containers that are checkpointed and restored: they write to a pipe, as under an engine, and their checkpoint is in
 * the bundle. Loads the modules by which the kernel gives criu information about sockets.
 */
import { assertEquals } from "@std/assert";
import type { BundleOptions } from "../../../scripts/sample/bundle.ts";
import { isThere } from "../../../runtime/common/files.ts";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run, runOk, type RunResult } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";

export async function loadSocketModules(): Promise<void> {
  for (const kind of ["unix", "inet", "tcp", "udp", "netlink"]) {
    await runOk("modprobe", [`${kind}_diag`]);
  }
}

/** Counts in its memory, and writes to its own tmpfs. */
export const COUNTER: BundleOptions = {
  args: [
    "sh",
    "-c",
    "echo kept > /dev/shm/file; i=0; while sleep 0.1; do i=$((i+1)); echo $i; done",
  ],
};

/** A kago whose containers write to a pipe, as under an engine, and whose checkpoint is in `images`. */
export class Keeper {
  readonly images: string;
  readonly output: string;
  #serial = 0;

  constructor(readonly kago: Kago) {
    this.images = `${kago.bundle.path}/images`;
    this.output = `${kago.bundle.path}/output`;
  }

  static async with(options: BundleOptions, use: (keeper: Keeper) => Promise<void>): Promise<void> {
    await Kago.with(options, (kago) => use(new Keeper(kago)));
  }

  /** Runs kago, which may leave a container behind, with a pipe that appends to `output`; its exit code and output. */
  async piped(...args: string[]): Promise<RunResult> {
    const code = `${this.output}.${this.#serial++}`;
    const script =
      '{ "$@" 2>&1 < /dev/null; echo $? > "$0.new"; mv "$0.new" "$0"; } | cat >> "$OUT" &';
    const { root } = this.kago;
    await run("sh", ["-c", script, code, KAGO, "--root", root, ...args], {
      env: { OUT: this.output },
    });
    await until(`kago ${args[0]} ends`, () => isThere(code));
    const text = Deno.readTextFileSync(this.output);
    return { code: Number(Deno.readTextFileSync(code)), stdout: text, stderr: text };
  }

  async start(): Promise<void> {
    const { kago } = this;
    const { code, stdout } = await this.piped("run", "-d", "--bundle", kago.bundle.path, kago.id);
    assertEquals(code, 0, stdout);
  }

  async checkpoint(...options: string[]): Promise<void> {
    const { code, stderr } = await this.tryCheckpoint(...options);
    assertEquals(code, 0, stderr);
  }

  tryCheckpoint(...options: string[]): Promise<RunResult> {
    return this.kago.run("checkpoint", "--image-path", this.images, ...options, this.kago.id);
  }

  async restore(...options: string[]): Promise<void> {
    const { code, stdout } = await this.piped(...this.restoreArgs("--detach", ...options));
    assertEquals(code, 0, stdout);
  }

  restoreArgs(...options: string[]): string[] {
    const { bundle, id } = this.kago;
    return ["restore", "--bundle", bundle.path, "--image-path", this.images, ...options, id];
  }

  /** The last line of a container's output. */
  last(): string {
    return Deno.readTextFileSync(this.output).trimEnd().split("\n").at(-1)!;
  }

  /** Waits until COUNTER has counted on, by at least three. */
  async goesOn(): Promise<void> {
    const before = Number(this.last());
    await until("it counts on", () => Number(this.last()) >= before + 3);
  }

  async exec(...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.kago.run("exec", this.kago.id, ...command);
    assertEquals(code, 0, stderr);
    return stdout;
  }
}
