/** Small C programs that tests run beside or in containers. */
import { runOk } from "./run.ts";

/**
 * Compiles `source` to a static program in the directory for temporary files, and returns its path. The caller removes
 * it.
 */
export async function compileC(source: URL): Promise<string> {
  const program = await Deno.makeTempFile({ prefix: "program_" });
  const flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-static"];
  await runOk("cc", [...flags, "-o", program, source.pathname]);
  return program;
}

/** A program that runs beside a test, with its output. It is disposed of by closing its input. */
export class Beside implements AsyncDisposable {
  text = "";
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;
  #ending = false;

  private constructor(program: string, args: string[]) {
    this.#child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#read = this.#follow();
  }

  /** Starts the program, and waits for its first line, which reports that it is ready. */
  static async start(program: string, ...args: string[]): Promise<Beside> {
    const started = new Beside(program, args);
    await started.until("\n");
    return started;
  }

  async #follow(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      this.text += decoder.decode(chunk, { stream: true });
    }
  }

  /** Waits until it has printed the text. */
  async until(text: string): Promise<void> {
    for (let i = 0; !this.text.includes(text); i++) {
      if (i === 500) throw new Error(`${text} did not come, but ${this.text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The lines after the first. */
  get lines(): string[] {
    return this.text.trimEnd().split("\n").slice(1);
  }

  /** A second call does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    await this.#child.stdin.close();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      Deno.kill(this.#child.pid, "SIGKILL");
    }, 60_000);
    await this.#child.status;
    clearTimeout(timer);
    await this.#read;
    if (late) throw new Error(`it had to be killed 60 s after its input's end: ${this.text}`);
  }
}
