/** Which folder may import which: the diagram of docs/architecture.md, "Imports". Plain data. */

/**
 * From top to bottom: a file may import those of its own folder and of the lines below, and no others. Folders on one
 * line do not import each other.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ["main.ts"],
  ["runtime/commands"],
  ["runtime/cli", "runtime/doctor", "runtime/container"],
  ["runtime/criu", "runtime/tenant"],
  ["runtime/build"],
  ["executors"],
  ["executors/libkrun"],
  ["executors/libkrun/guest", "executors/libkrun/settings"],
  ["executors/interface", "runtime/stages"],
  ["runtime/state"],
  ["runtime/resctrl", "runtime/cgroup/drivers"],
  ["runtime/cgroup/limits", "runtime/cgroup/life", "runtime/cgroup/stats"],
  ["runtime/cgroup/devices", "runtime/cgroup/egress"],
  ["runtime/cgroup"],
  ["runtime"],
  ["runtime/seccomp", "runtime/config"],
  ["runtime/plan"],
  ["runtime/spec/checks", "runtime/spec/schema"],
  ["runtime/spec"],
  ["ffi"],
  ["runtime/common"],
];

/** The folders of the layers. */
export const PRODUCT = ["executors/", "ffi/", "runtime/"] as const;

/** The folder of a file; main.ts is its own. */
export function folderOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : file;
}

/** The index in LAYERS; -1 for a folder that is not in it. */
export function layerOf(folder: string): number {
  return LAYERS.findIndex((folders) => folders.includes(folder));
}
