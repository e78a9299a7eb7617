/**
 * The systemd host's ordinary user (scripts/emulated_host/debian_root.ts), who has subordinate ids and a session of
 * systemd's. Tests run as root and start commands in the user's name.
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

/** Where the user can read kago, whatever the repository's folder allows; installForUser() puts it there. */
export const USER_KAGO = "/usr/local/bin/kago";

export async function installForUser(): Promise<void> {
  await Deno.copyFile(KAGO, USER_KAGO);
}

/** The words as root's command that becomes the user's, as besideUserSession() has it. */
export function asSessionUser(words: readonly string[]): string[] {
  return [...SESSION, ...words];
}

/**
 * Runs the words as a command of the user's session, in a scope that is delegated to the user: how a desktop's terminal
 * runs it.
 */
export function inUserSession(
  words: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return runWords([...SESSION, ...DELEGATED, ...words], options);
}

/** As inUserSession(), in a cgroup that is root's: the user's manager can be asked, but nothing is delegated. */
export function besideUserSession(
  words: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return runWords(asSessionUser(words), options);
}

/** Runs the words in the user's name and knows of no session, as cron or `su` would. */
export function withoutUserSession(
  words: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return runWords([...LOGIN, ...words], options);
}

function runWords([program, ...args]: readonly string[], options: RunOptions): Promise<RunResult> {
  return run(program!, args, { cwd: "/", ...options });
}
