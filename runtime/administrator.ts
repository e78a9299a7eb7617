/**
 * What the host's administrator permits and configures for containers: on the command line, or in a file that only root
 * can write (administrator_file.ts). An image or a pod can set annotations, but neither of these. It is read only for
 * containers that it can affect.
 */
import type { LibraryPlace } from "../ffi/libkrun.ts";
import { ADMINISTRATOR_FILES, type Defaults, readDefaults } from "./administrator_file.ts";
import { SpecError } from "./common/errors.ts";
import { given } from "./common/given.ts";

/** The settings of the command line, of the files, or of both. */
export interface AdministratorWord {
  /** The host's libkrun; without it, the one that the dynamic linker finds. */
  readonly library?: LibraryPlace;
  /** Names of annotations that containers may set, or prefixes of them, which end with a dot. */
  readonly allowed: readonly string[];
  /** The settings of the files. */
  readonly defaults?: Defaults;
}

export const NO_WORD: AdministratorWord = { allowed: [] };

/**
 * The settings of the command line and the files together; the library of the command line has precedence.
 * @param files earlier ones have precedence.
 * @throws {HostError} for a file that others could have written, or that is invalid.
 */
export async function administratorWord(
  word: AdministratorWord = NO_WORD,
  files: readonly string[] = ADMINISTRATOR_FILES,
): Promise<AdministratorWord> {
  const defaults = await readDefaults(files);
  const { libkrun, allowAnnotations } = defaults;
  const library = word.library ?? (libkrun && { path: libkrun.value, from: libkrun.from });
  return {
    ...given({ library }),
    allowed: [...word.allowed, ...allowAnnotations?.value ?? []],
    defaults,
  };
}

export function isAllowed({ allowed }: AdministratorWord, name: string): boolean {
  return allowed.some((one) => one === name || one.endsWith(".") && name.startsWith(one));
}

/**
 * The error for an annotation that the administrator has not allowed.
 * @param place as in config.json: `annotations["krun.tap_name"]`.
 */
export function notAllowed(place: string, name: string): SpecError {
  return new SpecError(
    place,
    `needs the permission of the host's administrator: run kago with --allow-annotation ${name}, or list ` +
      `it in allowAnnotations of ${ADMINISTRATOR_FILES[0]}`,
  );
}
