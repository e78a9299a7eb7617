/** Describes the libkrun of a host: its path, its version, its features. */
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
 * Versions from the file names behind the sonames (`libkrun.so.1.17.4`): the libraries have no call for it. If the file
 * name has only the soname's number, libkrun's functions show the minimum version (`1.17.1 or later`).
 */
export interface LibraryVersions {
  readonly libkrun: string | undefined;
  readonly libkrunfw: string | undefined;
}

/** For the libkrun at `place`, or the dynamic linker's; undefined for one that cannot be loaded. */
export function libraryVersions(place?: LibraryPlace): LibraryVersions {
  let extras: LibkrunExtras | undefined;
  try {
    extras = openLibkrunWithFirmware(place).extras;
  } catch (error) {
    // A missing library is a valid result, and one that is refused is loaded, so its version is known.
    if (!(error instanceof HostError || error instanceof SyscallError)) throw error;
  }
  return { libkrun: libkrunVersion(extras), libkrunfw: loadedVersion("libkrunfw") };
}

/** Facts about the libkrun that a microVM would use. */
export interface LibkrunReport {
  readonly path?: string;
  readonly version?: string;
  /** Its features; undefined when it is too old to tell. */
  readonly features?: readonly string[];
  /** The file of its firmware. */
  readonly firmware?: string;
  readonly firmwareVersion?: string;
  readonly problem?: { readonly detail: string; readonly remedy: string };
}

/** Loads libkrun and its firmware, for inspection. */
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
