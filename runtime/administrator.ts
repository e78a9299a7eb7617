/**
 * What the host's administrator says of its containers: on the command line, or in a file that root alone can write. An image
 * or a pod can set annotations, but neither of these. It is read for containers that something of it matters to; the others
 * start without.
 */
import { disposing } from "./common/disposing.ts";
import { closeFd } from "../ffi/descriptors.ts";
import type { LibraryPlace } from "../ffi/libkrun.ts";
import { openTrustedIfThere } from "../ffi/trusted_file.ts";
import { HostError, SpecError } from "./common/errors.ts";
import { readBounded } from "./common/read_bounded.ts";
import { parseJson } from "./spec/json.ts";
import { given } from "./common/given.ts";

export const ADMINISTRATOR_FILE = "/etc/kago/microvm.json";

/** Bytes; a path and a few names take some hundred. */
export const MAX_SIZE = 64 * 1024;

/** The words of the command line, of the file, or of both. */
export interface AdministratorWord {
  /** The libkrun of the host's; without it, the one that the dynamic linker finds. */
  readonly library?: LibraryPlace;
  /** Names of annotations that containers may set, or prefixes of them, which end with a dot. */
  readonly allowed: readonly string[];
}

export const NO_WORD: AdministratorWord = { allowed: [] };

/**
 * The command line's word with the file's; the command line names the library if both do.
 * @throws {HostError} for a file that others could have written, or that is not as it has to be.
 */
export function administratorWord(
  word: AdministratorWord = NO_WORD,
  file = ADMINISTRATOR_FILE,
): AdministratorWord {
  const own = readAdministratorFile(file);
  const library = word.library ?? own.library;
  return { ...given({ library }), allowed: [...word.allowed, ...own.allowed] };
}

export function isAllowed({ allowed }: AdministratorWord, name: string): boolean {
  return allowed.some((one) => one === name || one.endsWith(".") && name.startsWith(one));
}

/**
 * What a container sets that the administrator has not allowed.
 * @param place as in config.json: `annotations["krun.tap_name"]`.
 */
export function notAllowed(place: string, name: string): SpecError {
  return new SpecError(
    place,
    `needs the permission of the host's administrator: run kago with --allow-annotation ${name}, or list ` +
      `it in allowAnnotations of ${ADMINISTRATOR_FILE}`,
  );
}

function readAdministratorFile(file: string): AdministratorWord {
  const fd = openTrustedIfThere(file, file);
  if (fd === undefined) return NO_WORD;
  try {
    const opened = Deno.openSync(`/proc/self/fd/${fd}`);
    const bytes = disposing(opened, (opened) => readBounded(opened, MAX_SIZE));
    if (!bytes) throw wrong(file, `has more than ${MAX_SIZE} bytes`);
    return parseAdministratorFile(new TextDecoder().decode(bytes), file);
  } finally {
    closeFd(fd);
  }
}

/**
 * As readAdministratorFile(), from the file's text.
 * @throws {HostError}
 */
export function parseAdministratorFile(
  text: string,
  file = ADMINISTRATOR_FILE,
): AdministratorWord {
  const value = parse(text, file);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(file, "must be a JSON object");
  }
  const { libkrun: path, allowAnnotations: allowed = [], ...others } = value as Readonly<
    Record<string, unknown>
  >;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) {
    throw wrong(file, `${unknown} is an unknown key; the keys are libkrun and allowAnnotations`);
  }
  const library = path === undefined ? undefined : libraryOf(path, file);
  if (!isListOfNames(allowed)) {
    throw wrong(file, "allowAnnotations must be a list of names of annotations");
  }
  return { ...given({ library }), allowed };
}

function parse(text: string, file: string): unknown {
  try {
    return parseJson(text, file);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    throw new HostError(error.message, "correct the file, or remove it", { cause: error });
  }
}

function libraryOf(path: unknown, file: string): LibraryPlace {
  if (typeof path === "string" && path.startsWith("/") && !path.includes("\0")) {
    return { path, from: `${file}: libkrun` };
  }
  throw wrong(file, "libkrun must be the absolute path of a library");
}

function isListOfNames(value: unknown): value is string[] {
  return Array.isArray(value) &&
    value.every((name) => typeof name === "string" && name !== "" && name !== ".");
}

function wrong(file: string, problem: string): HostError {
  return new HostError(`${file}: ${problem}`, "correct the file, or remove it");
}
