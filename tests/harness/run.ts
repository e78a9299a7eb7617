/** Runs commands for tests, always with a time limit, and defines how their end and output are awaited. */
import { given } from "../../runtime/common/given.ts";
import { withoutMicrovmLog } from "./libkrun_log.ts";

export interface RunOptions {
  /** Written to standard input, which is then closed; without it standard input is /dev/null. */
  readonly stdin?: string;
  /**
   * Keeps standard input open until the command has ended, with or without `stdin`, so the command reads no end of
   * file.
   */
  readonly holdStdin?: boolean;
  /** Seconds; default 60. */
  readonly timeout?: number;
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * A file for standard output and standard error together, instead of pipes. For commands that leave behind a process
   * whose output matters: `create` passes its own descriptors to the container.
   */
  readonly output?: string;
}

export interface RunResult {
  /** The exit code, 128+N when signal N ended the command. */
  readonly code: number;
  /** The command's output; with RunOptions.output, the file's contents at the command's end. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The output of a command that has ended is complete after this silence, if a process that it left behind (a container,
 * a monitor) still holds its pipes. The command's own output is in the pipes by then. The silence is a number of
 * consecutive checks, so many milliseconds apart, in which nothing was read. Time alone is not enough, because this
 * process may have been suspended and unable to read.
 */
const SILENCE = { looks: 6, apart: 50 };

/**
 * Runs `command` and waits for its end, but not for processes that it leaves behind.
 * @throws {Error} with the output so far when the time is up, after killing the command's process group.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const [program, ...words] = options.output === undefined
    ? [command, ...args]
    : ["sh", "-c", 'exec "$@" > "$0" 2>&1', options.output, command, ...args];
  const piped = options.stdin !== undefined || options.holdStdin === true;
  const child = new Deno.Command(program, {
    args: words,
    ...given({ cwd: options.cwd, env: options.env }),
    stdin: piped ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
    detached: true, // a separate process group, which can be killed as a whole
  }).spawn();
  const output = [new Collector(child.stdout), new Collector(child.stderr)] as const;
  const [stdout, stderr] = output;
  const seconds = options.timeout ?? 60;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child.pid);
  }, seconds * 1000);

  const until = options.holdStdin ? child.status : undefined;
  if (piped) await feed(child.stdin, options.stdin ?? "", until);
  const { code } = await child.status;
  clearTimeout(timer);
  await Promise.all(output.map((collector) => collector.finish()));
  if (options.output !== undefined) stdout.text = await Deno.readTextFile(options.output);
  if (!late) {
    return { code, stdout: withoutMicrovmLog(stdout.text), stderr: withoutMicrovmLog(stderr.text) };
  }
  throw new Error(
    `${[command, ...args].join(" ")} had not ended after ${seconds} s\n` +
      `stdout: ${stdout.text}\nstderr: ${stderr.text}`,
  );
}

/** Like run(), for a command that must succeed; returns its standard output. */
export async function runOk(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code === 0) return stdout;
  throw new Error(
    `${[command, ...args].join(" ")} ended with ${code}\nstdout: ${stdout}\nstderr: ${stderr}`,
  );
}

function killGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL");
  } catch (error) {
    // It has just ended.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Writes the text, waits for `until`, and closes the stream. */
async function feed(
  stdin: WritableStream<Uint8Array>,
  text: string,
  until?: Promise<unknown>,
): Promise<void> {
  try {
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await until;
    await writer.close();
  } catch (error) {
    // As in a shell's pipeline, a command may end without reading its input.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Reads a pipe from its creation on, so that the command never blocks on a full one. */
class Collector {
  text = "";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #ended: Promise<void>;
  /** Checks since the last read. */
  #silent = 0;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.#ended = this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#reader.read();
      this.text += decoder.decode(value, { stream: !done });
      if (done) return;
      this.#silent = 0;
    }
  }

  /** Waits for the end of the stream or for SILENCE, whichever comes first, and closes the pipe. */
  async finish(): Promise<void> {
    this.#silent = 0;
    const { promise: silence, resolve } = Promise.withResolvers<void>();
    const timer = setInterval(() => {
      if (++this.#silent >= SILENCE.looks) resolve();
    }, SILENCE.apart);
    await Promise.race([this.#ended, silence]);
    clearInterval(timer);
    await this.#reader.cancel();
  }
}
