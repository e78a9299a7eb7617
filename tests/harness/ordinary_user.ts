/**
 * The systemd host's ordinary user (scripts/emulated_host/debian_root.ts), who has subordinate ids and a systemd
 * session. Tests run as root and start commands as this user.
 */
import { KAGO } from "./kago.ts";
import { run, type RunOptions, type RunResult } from "./run.ts";

export const USER = { name: "user", uid: 1000, gid: 1000, home: "/home/user" } as const;

export const USER_RUNTIME_DIR = `/run/user/${USER.uid}`;

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const LOGIN = [
  ...["setpriv", `--reuid=${USER.uid}`, `--regid=${USER.gid}`, "--init-groups"],
  ...["env", "-i", PATH, `HOME=${USER.home}`, `USER=${USER.name}`],
];
const SESSION = [
  ...LOGIN,
  `XDG_RUNTIME_DIR=${USER_RUNTIME_DIR}`,
  `DBUS_SESSION_BUS_ADDRESS=unix:path=${USER_RUNTIME_DIR}/bus`,
];
const DELEGATED = [
  "systemd-run",
  "--user",
  "--scope",
  "--quiet",
  "--collect",
  "-p",
  "Delegate=yes",
];

/** A kago that the user can read, whatever the mode of the repository's directory; installForUser() copies it there. */
export const USER_KAGO = "/usr/local/bin/kago";

export async function installForUser(): Promise<void> {
  await Deno.copyFile(KAGO, USER_KAGO);
}

/** The words as a command for root that becomes the user, as in besideUserSession(). */
export function asSessionUser(words: readonly string[]): string[] {
  return [...SESSION, ...words];
}

/**
 * Runs the words as a command of the user's session, in a scope that is delegated to the user, like a command in a
 * desktop's terminal.
 */
export function inUserSession(
  words: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return runWords([...SESSION, ...DELEGATED, ...words], options);
}

/** Like inUserSession(), but in root's cgroup: the user's service manager is available, but nothing is delegated. */
export function besideUserSession(
  words: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return runWords(asSessionUser(words), options);
}

/** Runs the words as the user without a session, like cron or `su`. */
export function withoutUserSession(
  words: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return runWords([...LOGIN, ...words], options);
}

function runWords([program, ...args]: readonly string[], options: RunOptions): Promise<RunResult> {
  return run(program!, args, { cwd: "/", ...options });
}
