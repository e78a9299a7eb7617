/** One item of `krun.disk`. Pure. */

/** A disk of the guest; `path` is the container's, so that nothing of the host beyond it can be named (libkrun.h). */
export interface Disk {
  readonly path: string;
  readonly format: "raw" | "qcow2";
  readonly readOnly: boolean;
}

/** `PATH[:raw|:qcow2][:ro]`, of the form that annotation_table.ts wants. */
export function parseDisk(item: string): Disk {
  const [path, ...words] = item.split(":");
  const format = words.includes("qcow2") ? "qcow2" : "raw";
  return { path: path!, format, readOnly: words.includes("ro") };
}
