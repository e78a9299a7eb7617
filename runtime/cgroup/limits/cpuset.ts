/** The v1 cpuset controller: a new directory has no CPUs and no memory nodes, and accepts no process until it has both. */
import { syscallError } from "../errors.ts";

/**
 * Copies the parent's values to the directory (cpuset(7)). Empty parents are filled as well, because a child can only have
 * what its parent has.
 */
export function inheritCpuset(path: string, mountPoint: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) fill(path, mountPoint, file);
}

function fill(path: string, mountPoint: string, file: string): string {
  const own = Deno.readTextFileSync(`${path}/${file}`).trim();
  if (own !== "" || path === mountPoint) return own;
  const value = fill(path.slice(0, path.lastIndexOf("/")), mountPoint, file);
  try {
    Deno.writeTextFileSync(`${path}/${file}`, value, { create: false });
  } catch (error) {
    throw syscallError(`write "${value}" to ${path}/${file}`, error);
  }
  return value;
}
