/**
 * The log of one command, in the two formats of logrus that runc writes and engines parse. Owns where an entry goes;
 * what is worth an entry, and the exit code, are main.ts's.
 */
import { withoutDenoWords } from "./common/errno.ts";
import { describeErrno, errnoOf, HostError } from "./common/errors.ts";
import { visible } from "./common/quoted.ts";

export interface LoggerOptions {
  /** The file to append to (`--log`); undefined, empty or `/dev/stderr` is stderr. */
  readonly file?: string;
  readonly format: "text" | "json";
  /** Whether debug entries are written. */
  readonly debug: boolean;
}

export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  /** One line, whatever is in it. Also prints the bare message on stderr when the log is a file: conmon and people read it there. */
  error(message: string): void;
}

export type Level = "debug" | "info" | "warning" | "error";

/**
 * Makes the file of `--log` where it is missing, as runc does.
 * @throws {HostError} when nothing can be written there: whoever asks for a log must not go without one.
 */
export function requireLogFile(path: string): void {
  try {
    Deno.openSync(path, { append: true, create: true, mode: 0o644 }).close();
  } catch (cause) {
    const problem = `the log file ${path} cannot be opened: ${reason(cause)}`;
    throw new HostError(problem, "name a file in a folder that can be written with --log", {
      cause,
    });
  }
}

/**
 * A logger that opens nothing until its first entry. The file is made with mode 0644 less the umask, opened for each
 * entry, and left in no process that is started meanwhile. It never throws: the first entry that cannot be
 * written reports that on stderr, and it and all later entries go there, so that a full disk does not end a command
 * half-way.
 */
export function createLogger({ file, format, debug }: LoggerOptions): Logger {
  const formatEntry = format === "json" ? formatJson : formatText;
  let path = file === "" || file === "/dev/stderr" ? undefined : file;
  // A command may change folder to its bundle; a relative path means the caller's.
  if (path !== undefined && !path.startsWith("/")) path = `${Deno.cwd()}/${path}`;

  function append(entry: string): boolean {
    if (path === undefined) return false;
    try {
      Deno.writeTextFileSync(path, `${entry}\n`, { append: true, create: true, mode: 0o644 });
      return true;
    } catch (error) {
      const message = `cannot write the log file ${path}: ${reason(error)}`;
      path = undefined;
      console.error(formatEntry("error", message, new Date()));
      return false;
    }
  }

  function log(level: Level, text: string) {
    const message = visible(withoutDenoWords(text));
    const entry = formatEntry(level, message, new Date());
    if (!append(entry)) console.error(entry);
    else if (level === "error") console.error(message);
  }

  return {
    debug: (message) => {
      if (debug) log("debug", message);
    },
    info: (message) => log("info", message),
    warn: (message) => log("warning", message),
    error: (message) => log("error", message),
  };
}

/** `{"level":"error","msg":"…","time":"2026-01-02T03:04:05Z"}`. */
export function formatJson(level: Level, message: string, time: Date): string {
  return JSON.stringify({ level, msg: message, time: formatTime(time) });
}

/** `time="2026-01-02T03:04:05Z" level=error msg="…"`; like logrus, it quotes a message only if it must. */
export function formatText(level: Level, message: string, time: Date): string {
  const plain = /^[\w.\-/@^+]+$/.test(message);
  return `time="${formatTime(time)}" level=${level} msg=${
    plain ? message : JSON.stringify(message)
  }`;
}

/** RFC 3339, in whole seconds as logrus prints it. */
function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Deno's own message ends in `(os error N)` and repeats the path. */
function reason(error: unknown): string {
  const errno = errnoOf(error);
  return errno === 0 ? String(error) : describeErrno(errno);
}
