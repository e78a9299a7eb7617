/**
 * A stage's findings about the paths of a failed operation (helper-c/stage/failure.c), and messages about programs and
 * hooks, which `start` needs without the plan. Pure.
 */
import { describeErrno } from "../common/errors.ts";
import { quoted } from "../common/quoted.ts";
import { E2BIG, ENOENT, ENOEXEC, ETIMEDOUT } from "../common/errno.ts";

/** The state of a path (helper-c/stage/failure.h, `enum found`). */
export const FOUND = [
  "named",
  "folder",
  "file",
  "missing",
  "noFolder",
  "dangling",
  "link",
  "shut",
  "program",
  "stdout",
  "stderr",
  "said",
  "operation",
] as const;

/** A finding about the path, or the name, in one field of the operation. */
export interface Finding {
  /** Index in the operation's row of OPS. */
  readonly field: number;
  readonly found: (typeof FOUND)[number];
  /** The path up to the part in question; or the output of a hook, or a text of the operation itself. */
  readonly text: string;
  /** operation: in its wire form. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/** Maximum characters of a path and its wrong part. */
const ROOM = 190;

/** Undefined if the whole path exists. */
export function wrongWith({ found, text }: Finding, path: string): string | undefined {
  const part = quoted(text);
  const whole = quoted(path, ROOM - part.length);
  const isWhole = text === path;
  switch (found) {
    case "missing":
      return isWhole ? `${whole} does not exist` : `${whole} does not exist, ${part} is missing`;
    case "noFolder":
      return isWhole ? `${whole} is not a directory` : `${whole}: ${part} is not a directory`;
    case "dangling":
      return `${isWhole ? "" : `${whole}: `}${part} is a dangling link`;
    case "link":
      return `${isWhole ? "" : `${whole}: `}${part} is a link that must not be followed`;
    case "shut":
      return `${isWhole ? "" : `${whole}: `}${part} cannot be accessed`;
  }
}

/** Why the kernel does not execute an existing file (execve(2)). */
const EXEC_HINTS: Readonly<Record<number, string>> = {
  [ENOENT]: ": its interpreter is missing, which is the dynamic linker or the program after #!",
  [ENOEXEC]: ": it is a program for another architecture, or a script without #!",
  [E2BIG]: ": its arguments and environment are larger than the kernel allows",
};

/** Only the program is named: its arguments may be long, and contain secrets. */
export function execProblem(program: string, errno: number): string {
  return `exec: ${quoted(program)}: ${describeErrno(errno)}${EXEC_HINTS[errno] ?? ""}`;
}

/** @param findings first the state of its path, then its output. */
export function hookProblem(path: string, errno: number, findings: readonly Finding[]): string {
  const outputs = findings.filter(({ found, text }) => OUTPUTS.has(found) && oneLine(text));
  const wrote = outputs.map(({ found, text }) => `, ${found}: ${oneLine(text)}`).join("");
  if (errno === ETIMEDOUT) {
    return `${quoted(path)}: killed because it ran longer than its timeout${wrote}`;
  }
  const wrong = findings[0] && wrongWith(findings[0], path);
  const whole = wrong ?? quoted(path);
  return `${whole}: ${describeErrno(errno)}${wrong ? "" : EXEC_HINTS[errno] ?? ""}${wrote}`;
}

const OUTPUTS: ReadonlySet<Finding["found"]> = new Set(["stdout", "stderr"]);

/** Without control characters, which could move a terminal's cursor: the text is a hook's, perhaps from an image. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x20\x7f-\x9f]+/g, " ").trim();
}
