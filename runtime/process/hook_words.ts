/** What is said of a hook that failed: how it ended, and the end of what it wrote (helper-c/hook.h). */
import { describeErrno } from "../errors.ts";

/** The first 1024 bytes of the program's path, and the last of its standard output and of its standard error. */
export interface HookWords {
  readonly program: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** From three texts that NULs end. */
export function readHookWords(bytes: Uint8Array<ArrayBuffer>): HookWords {
  const [program = "", stdout = "", stderr = ""] = new TextDecoder().decode(bytes).split("\0");
  return { program, stdout: oneLine(stdout), stderr: oneLine(stderr) };
}

/** Without what would move a terminal's cursor: the text is the hook's, hence perhaps an image's. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x20\x7f-\x9f]+/g, " ").trim();
}

const ETIMEDOUT = 110;

/** As in `/bin/hook: exit status 3, stdout: …, stderr: …`; streams to which nothing was written are left out. */
export function describeHook(errno: number, { program, stdout, stderr }: HookWords): string {
  const ended = errno === ETIMEDOUT ? "killed, for it ran past its timeout" : describeErrno(errno);
  const wrote = Object.entries({ stdout, stderr }).map(([name, text]) =>
    text ? `, ${name}: ${text}` : ""
  );
  return `${program}: ${ended}${wrote.join("")}`;
}
