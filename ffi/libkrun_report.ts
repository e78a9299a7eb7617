/** What is said of the libkrun of a host: where it lies, which version it is, what it was built with. */
import { HostError, SyscallError } from "../runtime/common/errors.ts";
import { given } from "../runtime/common/given.ts";
import {
  type Libkrun,
  type LibraryPlace,
  loadedFile,
  type NamedFile,
  openLibkrun,
} from "./libkrun.ts";
import { type Feature, FEATURES, type LibkrunExtras } from "./libkrun_extras.ts";

/**
 * Versions as the names of the files behind the sonames tell them (`libkrun.so.1.17.4`): the libraries have no call for it. Of
 * a libkrun whose file has the soname's number alone its functions tell the least version (`1.17.1 or later`).
 */
export interface LibraryVersions {
  readonly libkrun: string | undefined;
  readonly libkrunfw: string | undefined;
}

/** Of the libkrun at `place`, or the one that the dynamic linker finds; undefined for what cannot be loaded. */
export function libraryVersions(place?: LibraryPlace): LibraryVersions {
  let extras: LibkrunExtras | undefined;
  try {
    extras = openLibkrunWithFirmware(place).extras;
  } catch (error) {
    // A missing library is an answer here, and one that is refused is loaded and gets its number.
    if (!(error instanceof HostError || error instanceof SyscallError)) throw error;
  }
  return { libkrun: libkrunVersion(extras), libkrunfw: loadedVersion("libkrunfw") };
}

/** What can be said of the libkrun that a microVM would use. */
export interface LibkrunReport {
  readonly path?: string;
  readonly version?: string;
  /** What it was built with; undefined when it is too old to tell. */
  readonly features?: readonly string[];
  /** The file of its firmware. */
  readonly firmware?: string;
  readonly firmwareVersion?: string;
  readonly problem?: { readonly detail: string; readonly remedy: string };
}

/** Loads libkrun and its firmware, to look. */
export function inspectLibkrun(place?: LibraryPlace, kernel?: NamedFile): LibkrunReport {
  try {
    const { extras, abi } = openLibkrunWithFirmware(place, kernel);
    const names = Object.keys(FEATURES) as Feature[];
    const features = names.filter((name) => extras.hasFeature(name));
    const isKnown = extras.hasFeature("net") !== undefined;
    return given({
      path: loadedFile("libkrun"),
      version: libkrunVersion(extras) || (abi === 2 ? "2.x" : undefined),
      features: isKnown ? features : undefined,
      firmware: loadedFile("libkrunfw"),
      firmwareVersion: loadedVersion("libkrunfw") || undefined,
    });
  } catch (error) {
    if (error instanceof HostError) {
      const detail = error.message.slice(0, -`; ${error.remedy}`.length);
      return { problem: { detail, remedy: error.remedy } };
    }
    if (!(error instanceof SyscallError)) throw error;
    return { problem: { detail: error.message, remedy: "install another build of libkrun 1.x" } };
  }
}

function openLibkrunWithFirmware(place?: LibraryPlace, kernel?: NamedFile): Libkrun {
  const libkrun = openLibkrun(place, undefined, kernel);
  libkrun.lookForFirmware();
  return libkrun;
}

function libkrunVersion(extras: LibkrunExtras | undefined): string | undefined {
  const version = loadedVersion("libkrun");
  if (version === undefined || version.includes(".")) return version;
  const least = extras?.leastVersion();
  return least ? `${least} or later` : version;
}

function loadedVersion(library: string): string | undefined {
  return loadedFile(library)?.split(".so.")[1]?.replace(" (deleted)", "");
}
