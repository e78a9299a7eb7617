/**
 * What is written down beside state.json so that commands need not come here: helper-c/entry/shortcut.h carries out what
 * these lines say, and leaves the command to this program when anything is not as they expect. Pure; store.ts keeps the
 * files.
 */
import { freezerFolder } from "../cgroup/life/freezer.ts";
import { stateOutput, type StoredState } from "./container_state.ts";

/**
 * What the stub knows how to start and to delete. A container with anything else, which may want undoing when it is
 * deleted, is left to the program.
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

/** Bytes that the stub takes. */
const MOST_BYTES = 16384;

/** What stands for the pid and for the status in the output of `state`; JSON has no such characters. */
const PID = "\x01";
const STATUS = "\x02";

/** Tells a file from whatever comes in its place, and from itself once it is changed. */
export type FileIdentity = Pick<Deno.FileInfo, "ino" | "size" | "mtime">;

/** The files that hold a container's state, now and once the stub has started it. */
export type StateFiles = { readonly [S in "created" | "running"]?: FileIdentity };

/** The lines for a container; undefined when there is nothing that the stub may do. */
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

/** Which signals reach a container by its Init alone. */
function killBy({ agent, sharesPids }: StoredState): "init" | "init but KILL" | "init with KILL" {
  if (agent) return "init with KILL";
  return sharesPids ? "init but KILL" : "init";
}

/** Can the stub start it and delete it? */
export function isPlain(state: StoredState): boolean {
  return Object.keys(state).every((name) => name in KNOWN) && state.handler === "default" &&
    (!state.cgroup || state.cgroup.driver === "cgroupfs");
}

/** What `state` prints. */
function outputOf(state: StoredState, owner: string): string {
  return stateOutput({ ...state, pid: 1 }, "running", owner)
    .replace('"pid": 1', `"pid": ${PID}`)
    .replace('"status": "running"', `"status": "${STATUS}"`);
}
