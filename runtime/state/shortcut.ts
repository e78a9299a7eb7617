/**
 * Data beside state.json that lets the entry stub execute commands without this program (helper-c/entry/shortcut.h). The
 * stub leaves the command to this program if anything is unexpected. Pure; store.ts keeps the files.
 */
import { freezerFolder } from "../cgroup/life/freezer.ts";
import { stateOutput, type StoredState } from "./container_state.ts";

/**
 * The properties of containers that the stub can start and delete. Any other property may need more work on deletion, so
 * the program does it.
 */
const KNOWN: { readonly [Name in keyof StoredState]?: true } = {
  formatVersion: true,
  kagoVersion: true,
  id: true,
  ociVersion: true,
  bundle: true,
  rootfs: true,
  annotations: true,
  status: true,
  pid: true,
  pidStartTime: true,
  created: true,
  owner: true,
  cgroup: true,
  sharesPids: true,
  noNewKeyring: true,
  handler: true,
};

/** Maximum size that the stub accepts. */
const MOST_BYTES = 16384;

/** Placeholders for the pid and the status in the output of `state`; JSON does not contain these characters. */
const PID = "\x01";
const STATUS = "\x02";

/** Identifies a file: differs if it is replaced or changed. */
export type FileIdentity = Pick<Deno.FileInfo, "ino" | "size" | "mtime">;

/** The files with a container's state, as created and after the stub has started it. */
export type StateFiles = { readonly [S in "created" | "running"]?: FileIdentity };

/** The lines for a container; undefined when the stub can do nothing for it. */
export function shortcutText(
  state: StoredState,
  files: StateFiles,
  owner: string,
): string | undefined {
  const directories = state.cgroup?.directories ?? [];
  if (directories.some(({ path }) => path.includes("\n"))) return undefined;
  const freezer = state.cgroup && freezerFolder(state.cgroup);
  const lines = [
    ...Object.entries(files).map(([status, file]) => `${status} ${identity(file)}`),
    `process ${state.pid} ${state.pidStartTime}`,
    ...(freezer ? [`freezer ${freezer.version} ${freezer.path}`] : []),
    `kill ${killBy(state)}`,
    ...(isPlain(state) ? ["plain 1"] : []),
    ...directories.map(({ path }) => `cgroup ${path}`),
  ].map((line) => `${line}\n`).join("");
  const whole = `${lines}\n${outputOf(state, owner)}\n`;
  const encoder = new TextEncoder();
  const fits = (text: string) => encoder.encode(text).byteLength < MOST_BYTES;
  return [whole, lines].find(fits);
}

function identity({ ino, size, mtime }: FileIdentity): string {
  return `${ino} ${size} ${mtime?.getTime()}`;
}

/** The signals that need to reach only the container's Init. */
function killBy({ agent, sharesPids }: StoredState): "init" | "init but KILL" | "init with KILL" {
  if (agent) return "init with KILL";
  return sharesPids ? "init but KILL" : "init";
}

/** Can the stub start and delete the container? */
export function isPlain(state: StoredState): boolean {
  return Object.keys(state).every((name) => name in KNOWN) && state.handler === "default" &&
    (!state.cgroup || state.cgroup.driver === "cgroupfs");
}

/** The output of `state`. */
function outputOf(state: StoredState, owner: string): string {
  return stateOutput({ ...state, pid: 1 }, "running", owner)
    .replace('"pid": 1', `"pid": ${PID}`)
    .replace('"status": "running"', `"status": "${STATUS}"`);
}
