/** A daemon of an engine that a test starts: owns waiting for its readiness, and its termination. */
import { run } from "../harness/run.ts";
import { inTurn } from "./every.ts";

/** Seconds for either; an emulated host is twenty times as slow as the machine. */
const PATIENCE = 120;

export class Daemon {
  #ended = false;

  private constructor(
    private readonly name: string,
    private readonly child: Deno.ChildProcess,
    readonly log: string,
  ) {
    child.status.then(() => this.#ended = true);
  }

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
    const daemon = new Daemon(command[0]!, child, log);
    try {
      await daemon.#untilServing(probe);
    } catch (error) {
      await inTurn(() => Promise.reject(error), () => daemon.end());
    }
    return daemon;
  }

  async #untilServing([program, ...args]: readonly string[]): Promise<void> {
    for (const deadline = Date.now() + PATIENCE * 1000; Date.now() < deadline && !this.#ended;) {
      if ((await run(program!, args)).code === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw await this.#error(this.#ended ? "has ended" : `does not serve after ${PATIENCE} s`);
  }

  /** Sends SIGTERM and waits for the exit. @throws {Error} when it had to be killed. */
  async end(): Promise<void> {
    this.#kill("SIGTERM");
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#kill("SIGKILL");
    }, PATIENCE * 1000);
    await this.child.status;
    clearTimeout(timer);
    if (late) throw await this.#error(`had to be killed ${PATIENCE} s after SIGTERM`);
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has exited
    }
  }

  async #error(what: string): Promise<Error> {
    const tail = (await Deno.readTextFile(this.log)).split("\n").slice(-20).join("\n");
    return new Error(`${this.name} ${what}; its log ends with\n${tail}`);
  }
}
