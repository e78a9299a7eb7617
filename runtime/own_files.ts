/**
 * The libraries and programs for microVMs in a bundle for hosts without a network: libkrun with its firmware and
 * dependencies, and passt. kago prefers them to those of the host. As with everything that is loaded as root, only root
 * may have been able to write them.
 */
import { closeFd } from "../ffi/descriptors.ts";
import type { LibraryPlace } from "../ffi/libkrun.ts";
import { openTrusted } from "../ffi/trusted_file.ts";
import type { AdministratorWord } from "./administrator.ts";
import { isAbsent, isThere } from "./common/files.ts";
import { findProgram } from "./find_program.ts";

/** An administrator's (scripts/install.sh), and a distribution's. */
export const OWN_FOLDERS = ["/usr/local/lib/kago", "/usr/lib/kago"] as const;

/** Adds the libkrun that came with kago, unless the administrator names one. */
export function withOwnLibrary(
  word: AdministratorWord,
  folders: readonly string[] = OWN_FOLDERS,
): AdministratorWord {
  if (word.library) return word;
  const library = ownLibrary(folders);
  return library ? { ...word, library } : word;
}

/**
 * The libkrun that came with kago. The code that opens it checks that only root can write it. A failed check is an
 * error rather than a reason to skip it, for it was installed to be used.
 */
export function ownLibrary(folders: readonly string[] = OWN_FOLDERS): LibraryPlace | undefined {
  const folder = folders.find((one) => isThere(`${one}/libkrun.so.1`, isAbsent));
  if (folder === undefined) return undefined;
  const needed = neededIn(`${folder}/needed`);
  return { path: `${folder}/libkrun.so.1`, from: folder, ...(needed.length ? { needed } : {}) };
}

/** The names begin with numbers, which sort each library after those that it needs itself. */
function neededIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/**
 * A program that came with kago, or the host's.
 * @throws {HostError} when users other than root could have written it.
 */
export function findOwnProgram(
  name: string,
  folders: readonly string[] = OWN_FOLDERS,
): string | undefined {
  const folder = folders.find((one) => isThere(`${one}/${name}`, isAbsent));
  if (folder === undefined) return findProgram(name);
  const path = `${folder}/${name}`;
  closeFd(openTrusted(path, folder));
  return path;
}
