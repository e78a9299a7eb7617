/** A daemon of an engine that a test starts: it owns waiting until it serves, and its end. */
import { run } from "../harness/run.ts";

/** Seconds. */
const PATIENCE = 60;

export class Daemon {
  private constructor(private readonly child: Deno.ChildProcess, readonly log: string) {}

  /**
   * Starts the command, whose output goes to the file `log`, and waits until `probe` succeeds.
   * @throws {Error} with the end of the log when it does not.
   */
  static async start(
    command: readonly string[],
    log: string,
    probe: readonly string[],
  ): Promise<Daemon> {
    const child = new Deno.Command("sh", {
      args: ["-c", 'log=$0; exec "$@" > "$log" 2>&1', log, ...command],
      stdin: "null",
    }).spawn();
    const daemon = new Daemon(child, log);
    for (const deadline = Date.now() + PATIENCE * 1000; Date.now() < deadline;) {
      const [program, ...args] = probe;
      if ((await run(program!, args)).code === 0) return daemon;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await daemon.end();
    const tail = (await Deno.readTextFile(log)).split("\n").slice(-20).join("\n");
    throw new Error(`${command[0]} does not serve after ${PATIENCE} s; its log ends with\n${tail}`);
  }

  /** Tells it to end and waits for that. */
  async end(): Promise<void> {
    try {
      this.child.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.child.status;
  }
}
