/**
 * The log of one command: in the two formats of logrus that runc writes and engines parse, and as sentences for a
 * person at a terminal. Owns the destinations of entries; main.ts decides which entries to log, and the exit code.
 */
import { colourOf } from "./colour.ts";
import { withoutDenoWords } from "./common/errno.ts";
import { describeErrno, errnoOf, HostError } from "./common/errors.ts";
import { visible } from "./common/quoted.ts";

/** The destination of entries; an empty one means stderr. */
export interface Destination {
  /** The file to append to; undefined, empty or `/dev/stderr` is stderr. */
  readonly file?: string | undefined;
  /** Takes the entries instead of a file, such as for the journal; its errors are reported on stderr. */
  readonly send?: (level: Level, message: string) => void;
}

export interface LoggerOptions extends Destination {
  /** Absent: sentences when stderr is a terminal and there is no file, otherwise `text`. */
  readonly format?: "text" | "json" | undefined;
  /** Entries of lower levels are not written. */
  readonly level: Level;
}

export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  /**
   * Always one line; at a terminal a separate remedy is printed on a second line. Also prints the bare message on
   * stderr when the log is elsewhere: conmon and people read it there.
   */
  error(message: string, remedy?: string): void;
}

/** In ascending order. */
export const LEVELS = ["debug", "info", "warning", "error"] as const;
export type Level = (typeof LEVELS)[number];

/** Is the value of `--log` not a file, but `journald:NAME` or `syslog:NAME`? */
export function isSystemLog(log: string): boolean {
  return log.startsWith("journald:") || log.startsWith("syslog:");
}

/** The file that `--log` names, as `FILE` or `file:FILE`. */
export function logFile(log: string): string {
  return log.startsWith("file:") ? log.slice("file:".length) : log;
}

/**
 * Creates the file of `--log` if it is missing, as runc does.
 * @throws {HostError} when it cannot be written: a requested log must not be lost silently.
 */
export function requireLogFile(path: string): void {
  try {
    Deno.openSync(path, { append: true, create: true, mode: 0o644 }).close();
  } catch (cause) {
    const problem = `the log file ${path} cannot be opened: ${reason(cause)}`;
    throw new HostError(problem, "name a file in a writable directory with --log", {
      cause,
    });
  }
}

/**
 * A logger that opens nothing until its first entry. The file is created with mode 0644 less the umask, opened for each
 * entry, and not inherited by processes that are started meanwhile. It never throws: the first entry that cannot be
 * written reports that on stderr, and it and all later entries go there, so that a full disk does not abort a command
 * half-way.
 */
export function createLogger({ file, send, format, level: least }: LoggerOptions): Logger {
  let path = file === "" || file === "/dev/stderr" ? undefined : file;
  // A command may change its working directory to its bundle; a relative path is relative to the caller's.
  if (path !== undefined && !path.startsWith("/")) path = `${Deno.cwd()}/${path}`;
  let elsewhere = send ?? (path === undefined ? undefined : (level: Level, message: string) => {
    const entry = `${formatEntry(format, level, message)}\n`;
    Deno.writeTextFileSync(path, entry, { append: true, create: true, mode: 0o644 });
  });
  const atTerminal = format === undefined && !elsewhere && Deno.stderr.isTerminal();

  function sent(level: Level, message: string): boolean {
    try {
      elsewhere?.(level, message);
    } catch (error) {
      const problem = path ? `cannot write the log file ${path}` : "cannot write the log";
      elsewhere = undefined;
      console.error(formatEntry(format, "error", `${problem}: ${reason(error)}`));
    }
    return elsewhere !== undefined;
  }

  function log(level: Level, text: string, remedy?: string) {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
    if (atTerminal) return console.error(formatSentence(level, text, remedy));
    const message = oneLine(remedy === undefined ? text : `${text}; ${remedy}`);
    if (!sent(level, message)) console.error(formatEntry(format, level, message));
    else if (level === "error") console.error(message);
  }

  return {
    debug: (message) => log("debug", message),
    info: (message) => log("info", message),
    warn: (message) => log("warning", message),
    error: (message, remedy) => log("error", message, remedy),
  };
}

function oneLine(text: string): string {
  return visible(withoutDenoWords(text));
}

/** `kago: warning: …` for a person, with the remedy below. */
export function formatSentence(level: Level, text: string, remedy?: string): string {
  const paint = colourOf("stderr");
  const colour = level === "error" ? "red" : level === "warning" ? "yellow" : "dim";
  const kind = level === "error" ? "" : ` ${level}:`;
  const lines = [paint(colour, `kago:${kind}`) + ` ${oneLine(text)}`];
  if (remedy !== undefined) lines.push(`      ${oneLine(remedy)}`);
  return lines.join("\n");
}

function formatEntry(format: LoggerOptions["format"], level: Level, message: string): string {
  return (format === "json" ? formatJson : formatText)(level, message, new Date());
}

/** `{"level":"error","msg":"…","time":"2026-01-02T03:04:05Z"}`. */
export function formatJson(level: Level, message: string, time: Date): string {
  return JSON.stringify({ level, msg: message, time: formatTime(time) });
}

/** `time="2026-01-02T03:04:05Z" level=error msg="…"`; like logrus, it quotes a message only if necessary. */
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
