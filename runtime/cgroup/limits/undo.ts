/**
 * The values that undo a write to a cgroup's file, from its previous contents. Pure; most files are read in another form
 * than they are written (admin-guide/cgroup-v1 and cgroup-v2.rst).
 */

/** The values that restore the text `before` in `file` after `value` was written, in their order. */
export function undoValues(file: string, before: string, value: string): string[] {
  if (file === "memory.oom_control") {
    return [/^oom_kill_disable (\d)/m.exec(before)?.[1] ?? "0"];
  }
  const key = keyOf(file, value);
  if (key === undefined) return [before.trim() || "\n"];
  const line = before.split("\n").find((line) => line.split(" ", 1)[0] === key);
  return [line ?? `${key} ${unset(file)}`];
}

/** Files with a line for each device, of which a write changes one: the key of the line. */
function keyOf(file: string, value: string): string | undefined {
  const first = value.split(" ", 1)[0]!;
  if (/^\d+:\d+$/.test(first)) return first;
  if (file === "rdma.max" || file === "misc.max" || file === "net_prio.ifpriomap") return first;
  // Without a key, or with this one, it is the weight of all other devices.
  return /^io\.(bfq\.)?weight$/.test(file) ? "default" : undefined;
}

/** The value that removes the line of a device. */
function unset(file: string): string {
  if (file === "io.max") return "rbps=max wbps=max riops=max wiops=max";
  if (file.startsWith("blkio.throttle.")) return "0";
  if (file === "rdma.max") return "hca_handle=max hca_object=max";
  return file.includes("weight") ? "default" : "max";
}
