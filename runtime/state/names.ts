/** The names of containers, of the folders of their states and of the files there. Pure. */

export const DEFAULT_ROOT = "/run/kago";

/** Characters. */
export const ID_MAX = 1024;

/** An id is a file name below the root, of letters, digits, `_`, `+`, `-` and `.` (as in runc). */
export function isValidId(id: string): boolean {
  return id.length <= ID_MAX && /^[\w+.-]+$/.test(id) && id !== "." && id !== "..";
}

export const STATE_FILE = "state.json";

/** config.json as `create` read it. */
export const CONFIG_FILE = "config.json";

/** The socket on which Init waits for `start`. */
export const START_SOCKET = "notify.sock";

/** The state after the entry stub has started the container, and what the stub may do (shortcut.ts). */
export const STARTED_FILE = "started.json";
export const SHORTCUT_FILE = "shortcut";

/** All files of a plain container; the state comes last. */
export const PLAIN_FILES = [
  CONFIG_FILE,
  START_SOCKET,
  STARTED_FILE,
  SHORTCUT_FILE,
  STATE_FILE,
] as const;
