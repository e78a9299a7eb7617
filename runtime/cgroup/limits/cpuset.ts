/**
 * The v1 cpuset controller's quirk: a new directory has no CPUs and no memory nodes, and takes no process until it
 * has both.
 */
import { syscallError } from "../errors.ts";

/**
 * Gives the directory what its parent has (cpuset(7)). Parents that someone left empty are filled as well, for a
 * child can have nothing that its parent has not.
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
