/** What every message of kago's has to be like, whatever it is about. */
import { assert, assertEquals } from "@std/assert";
import type { RunResult } from "../harness/run.ts";

/** In arguments, variables, options and labels of the tests: never in a message. */
export const SECRET = "hunter2";

const MOST = 300;

/** An operation's fields, Deno's raw texts, numbers of errors, a stack, what cannot be seen. */
const NOT_FOR_USERS = [
  /\b\w+=("[^"]*"|\S+) \w+=/,
  /os error/,
  /errno/i,
  /slot=|noFollow=|attrsSet/,
  /\b(readfile|writefile|mkdir|rename|unlink|remove) '/,
  /^\s+at /m,
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\ufeff\u2028-\u202e]/,
  /\b(undefined|NaN|\[object)/,
];

/**
 * The one error entry of a command that has failed, after looking at its form. The command was run with `--log-format json`.
 * @param failure the exit code.
 */
export function messageOf({ code, stderr }: RunResult, failure = 1): string {
  assertEquals(code, failure, stderr);
  const entries = stderr.trimEnd().split("\n").map(readEntry);
  const errors = entries.filter(({ level }) => level === "error");
  assertEquals(errors.length, 1, stderr);
  for (const { msg } of entries) assertPlain(msg);
  return errors[0]!.msg;
}

/** A command line that is wrong is told as text, before the format is known. */
function readEntry(line: string): { level: string; msg: string } {
  if (line.startsWith("{")) return JSON.parse(line);
  const [, level = "", msg = ""] =
    /^time="[^"]*" level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)$/.exec(line) ?? [];
  return { level, msg: msg.startsWith('"') ? JSON.parse(msg) : msg };
}

/** One short line with no operation, number or secret in it. */
export function assertPlain(message: string): void {
  assert(message.length <= MOST, `${message.length} characters: ${message}`);
  assert(!message.includes(SECRET), message);
  for (const pattern of NOT_FOR_USERS) assert(!pattern.test(message), `${pattern}: ${message}`);
}
