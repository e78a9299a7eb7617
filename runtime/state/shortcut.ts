/**
 * What `create` writes down so that `start` and `delete` need not come here: helper-c/entry/shortcut.h carries out what
 * these lines say, and leaves the command to this program when anything is not as they expect. Pure; store.ts keeps the
 * files, and removes them with the first change of the state.
 */
import type { CgroupDirectory } from "../cgroup/path.ts";
import type { StoredState } from "./container_state.ts";

/**
 * What the shortcut knows how to deal with. A container with anything else, which may want undoing when it is deleted,
 * has none.
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

/** The lines for a created container; undefined when it is not plain enough. */
export function shortcutText(state: StoredState): string | undefined {
  if (Object.keys(state).some((name) => !(name in KNOWN)) || state.handler !== "default") {
    return undefined;
  }
  if (state.cgroup && state.cgroup.driver !== "cgroupfs") return undefined;
  const directories = state.cgroup?.directories ?? [];
  if (directories.some(({ path }) => path.includes("\n"))) return undefined;
  return [
    ...directories.flatMap(freezerFile).map((path) => `frozen ${path}\n`),
    `process ${state.pid} ${state.pidStartTime}\n`,
    ...directories.map(({ path }) => `cgroup ${path}\n`),
  ].join("");
}

function freezerFile({ version, controllers, path }: CgroupDirectory): string[] {
  if (version === 2) return [`${path}/cgroup.freeze`];
  return controllers.includes("freezer") ? [`${path}/freezer.state`] : [];
}
