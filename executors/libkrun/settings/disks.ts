/** One item of `krun.disk`. Pure. */

/** A disk of the guest. `path` is in the container, so that no other host files can be named (libkrun.h). */
export interface Disk {
  readonly path: string;
  readonly format: "raw" | "qcow2";
  readonly readOnly: boolean;
}

/** `PATH[:raw|:qcow2][:ro]`, as defined in annotation_table.ts. */
export function parseDisk(item: string): Disk {
  const [path, ...words] = item.split(":");
  const format = words.includes("qcow2") ? "qcow2" : "raw";
  return { path: path!, format, readOnly: words.includes("ro") };
}
