/** Reads a cgroup's directories, any of which may be removed at any time. */
import { errnoOf } from "../common/errors.ts";
import { ENAMETOOLONG, ENODEV, ENOENT, EOPNOTSUPP } from "../common/errno.ts";
import { syscallError } from "./errors.ts";

/** Is a file missing because its cgroup is? An open file of a removed cgroup returns ENODEV. */
export function isGone(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === ENOENT || errno === ENODEV;
}

/**
 * The directory and all below it, parents first. Left out are directories that disappear meanwhile, and those that a path
 * cannot name: below PATH_MAX bytes, or names that are not UTF-8 (returned with U+FFFD, and nothing below).
 */
export function* subtree(path: string): Generator<string> {
  yield path;
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(path)];
  } catch (error) {
    if (isGone(error) || errnoOf(error) === ENAMETOOLONG) return;
    throw syscallError(`read ${path}`, error);
  }
  for (const entry of entries) if (entry.isDirectory) yield* subtree(`${path}/${entry.name}`);
}

/** Undefined when there is no such file. */
export function readIfThere(file: string): string | undefined {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw syscallError(`read ${file}`, error);
  }
}

/** False when there is no such file. */
export function writeIfThere(file: string, value: string): boolean {
  try {
    Deno.writeTextFileSync(file, value, { create: false });
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw syscallError(`write "${value}" to ${file}`, error);
  }
}

export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw syscallError(`stat ${path}`, error);
  }
}

/** A threaded v2 cgroup does not list processes, its domain does; for ENAMETOOLONG see subtree(). */
const UNREADABLE = [EOPNOTSUPP, ENAMETOOLONG];

/**
 * The pids in a directory's cgroup.procs, 0 for a process in a pid namespace that this process cannot see; empty when the
 * cgroup is gone.
 */
export function readProcs(directory: string): number[] {
  const file = `${directory}/cgroup.procs`;
  try {
    return Deno.readTextFileSync(file).split("\n").filter(Boolean).map(Number);
  } catch (error) {
    if (isGone(error) || UNREADABLE.includes(errnoOf(error))) return [];
    throw syscallError(`read ${file}`, error);
  }
}
