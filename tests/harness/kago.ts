/**
 * kago as tests use it: the built binary with a state root for each test, which must be empty again at the test's end.
 */
import { assertEquals } from "@std/assert";
import {
  type Bundle,
  type BundleOptions,
  makeBundle,
  removeBundle,
} from "../../scripts/sample/bundle.ts";
import { isThere } from "../../runtime/common/files.ts";
import { withoutMicrovmLog } from "./libkrun_log.ts";
import { run, type RunOptions, type RunResult } from "./run.ts";
import { until } from "./until.ts";

/** The binary under test; the variable `KAGO` replaces the path of the build's. */
export const KAGO = Deno.env.get("KAGO") ?? new URL("../../dist/kago", import.meta.url).pathname;

export class Kago {
  /**
   * Makes ids unique on the host, because a cgroup's name is its container's id. The files of one `deno test` have the
   * same pid, and each counts from 0.
   */
  static readonly #load = crypto.randomUUID().slice(0, 4);
  static #serial = 0;

  private constructor(readonly root: string, readonly bundle: Bundle) {}

  /** Options before the command, in all runs by the methods here. */
  readonly globals: string[] = [];

  readonly id = `kago-test-${Deno.pid}-${Kago.#load}-${Kago.#serial++}`;

  /** Runs `use` with a bundle; afterwards no container of it may be left. */
  static async with(options: BundleOptions, use: (kago: Kago) => Promise<void>): Promise<void> {
    const bundle = await makeBundle(options);
    const kago = new Kago(await Deno.makeTempDir({ prefix: "kago_root_" }), bundle);
    try {
      await use(kago);
    } catch (error) {
      throw new Error(`the test's containers:\n${await kago.report()}`, { cause: error });
    } finally {
      for (const { name } of [...Deno.readDirSync(kago.root)]) {
        await kago.run("delete", "--force", name);
      }
      // Compiled seccomp profiles stay.
      const left = [...Deno.readDirSync(kago.root)].map(({ name }) => name)
        .filter((name) => name !== "~seccomp");
      await Deno.remove(kago.root, { recursive: true });
      await removeBundle(bundle);
      assertEquals(left, [], "containers were left");
    }
  }

  /** `kago ARGS…` */
  static command(...args: string[]): Promise<RunResult> {
    return run(KAGO, args);
  }

  /** `kago --root ROOT ARGS…` */
  run(...args: string[]): Promise<RunResult> {
    return run(KAGO, ["--root", this.root, ...this.globals, ...args]);
  }

  runWith(options: RunOptions, ...args: string[]): Promise<RunResult> {
    return run(KAGO, ["--root", this.root, ...this.globals, ...args], options);
  }

  /** `kago run` of the bundle in the foreground. */
  foreground(...options: string[]): Promise<RunResult> {
    return this.run("run", "--bundle", this.bundle.path, ...options, this.id);
  }

  /**
   * `kago run` of the bundle during the test; its output as with create(). Its end is printed at once, and also
   * returned.
   */
  background(): Promise<RunResult> {
    const output = `${this.bundle.path}/output`;
    const args = ["run", "--bundle", this.bundle.path, this.id];
    const running = this.runWith({ timeout: 3600, output }, ...args);
    const tell = (what: string) => console.error(`kago run in the background: ${what}`);
    running.then(({ code }) => tell(`ended with ${code}`), (error) => tell(error.message));
    return running;
  }

  /** `kago create` of the bundle; its output goes to a file, since the container keeps it open. */
  create(...options: string[]): Promise<RunResult> {
    const output = `${this.bundle.path}/output`;
    const args = ["create", "--bundle", this.bundle.path, ...options, this.id];
    return run(KAGO, ["--root", this.root, ...this.globals, ...args], { output });
  }

  /** The container's output since create(). */
  output(): string {
    return withoutMicrovmLog(Deno.readTextFileSync(`${this.bundle.path}/output`));
  }

  /** The same; empty before the file exists. */
  #written(): string {
    return isThere(`${this.bundle.path}/output`) ? this.output() : "";
  }

  /** A report on the containers for a failed test. */
  async report(): Promise<string> {
    const list = await this.run("list");
    const output = this.#written().slice(-4000);
    return `${list.stdout}${list.stderr}${output && `which wrote\n${output}`}`;
  }

  async state(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.run("state", this.id)).stdout);
  }

  /** Waits until the container has the status. */
  async until(status: string): Promise<void> {
    let last = "";
    await until(() => `the container is ${status}, but ${last}`, async () => {
      // It may not exist yet.
      const { stdout, stderr } = await this.run("state", this.id);
      last = stdout + stderr;
      return stdout !== "" && JSON.parse(stdout).status === status;
    });
  }

  /** Waits until the container's output since create() contains the text. */
  async says(text: string): Promise<void> {
    await until(
      () => `the container says ${text}, but ${this.#written()}`,
      () => this.#written().includes(text),
    );
  }

  /** Directories of this container in all cgroup hierarchies. */
  cgroups(): string[] {
    const found: string[] = [];
    const visit = (folder: string, depth: number) => {
      for (const name of subfolders(folder)) {
        if (name === this.id) found.push(`${folder}/${name}`);
        else if (depth > 0) visit(`${folder}/${name}`, depth - 1);
      }
    };
    visit("/sys/fs/cgroup", 3);
    return found;
  }
}

/** The output of a script in a separate container, which must succeed. */
export async function inside(script: string, options: BundleOptions = {}): Promise<string> {
  let output = "";
  await Kago.with({ ...options, args: ["sh", "-c", script] }, async (kago) => {
    const result = await kago.foreground();
    assertEquals(result.code, 0, result.stderr);
    output = result.stdout;
  });
  return output;
}

/** None if the directory is gone: other tests' cgroups come and go. */
function subfolders(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
