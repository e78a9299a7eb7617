/** Finds programs of the host by name, as a shell does. */
import { variable } from "../ffi/environment.ts";
import { isAbsent } from "./common/files.ts";

const DEFAULT_FOLDERS = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
];

/** The first executable of that name in PATH, then in the distributions' usual folders. */
export function findProgram(name: string): string | undefined {
  const path = (variable("PATH") ?? "").split(":").filter((folder) => folder.startsWith("/"));
  return [...path, ...DEFAULT_FOLDERS].map((folder) => `${folder}/${name}`).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
