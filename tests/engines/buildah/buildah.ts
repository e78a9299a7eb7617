/** buildah with one runtime, in the store of the test's own podman. */
import { run, type RunOptions, type RunResult } from "../../harness/run.ts";
import type { Host, Runtime } from "../engine_case.ts";
import { CONFINED, Podman } from "../podman/podman.ts";
import { onTerminal } from "../terminal.ts";

export class Buildah {
  private constructor(readonly podman: Podman) {}

  static async open(runtime: Runtime, host: Host): Promise<Buildah> {
    return new Buildah(await Podman.open(runtime, host));
  }

  async close(): Promise<void> {
    await this.ok("rm", "--all");
    await this.podman.close();
  }

  /** `buildah WORDS...`, with any exit code. */
  buildah(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const own = { timeout: 120, cwd: this.podman.folder };
    return run("buildah", this.argumentsOf(words), { ...own, ...options });
  }

  /** `buildah WORDS...`, which must exit with `code`; returns its standard output. */
  async expect(code: number, words: readonly string[]): Promise<string> {
    const result = await this.buildah(words);
    if (result.code === code) return result.stdout;
    throw new Error(
      `buildah ${words.join(" ")} ended with ${result.code}, not ${code}\n` +
        `stdout: ${result.stdout}\nstderr: ${result.stderr}`,
    );
  }

  ok(...words: string[]): Promise<string> {
    return this.expect(0, words);
  }

  /** Like ok(), on a terminal. */
  terminal(words: readonly string[]): Promise<string> {
    return onTerminal(["buildah", ...this.argumentsOf(words)]);
  }

  private argumentsOf([command = "", ...rest]: readonly string[]): string[] {
    const { folder, host, runtimePath } = this.podman;
    const store = ["--root", `${folder}/root`, "--runroot", `${folder}/run`];
    const runs = command === "run" || command === "build";
    const limited = host === "v1" && (command === "from" || command === "build");
    return [
      ...store,
      ...["--storage-driver", "overlay", command],
      ...(runs ? ["--runtime", runtimePath, "--isolation", "oci", "--network", "none"] : []),
      ...(limited ? CONFINED : []),
      ...rest,
    ];
  }
}
