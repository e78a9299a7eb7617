/**
 * libkrun's functions (libkrun.h of 1.x; libkrun_2.ts has those of 2) in TypeScript, and where the library is loaded from.
 * Other modules choose the calls and their order.
 */
import { ENOENT } from "../runtime/common/errno.ts";
import { HostError, SyscallError } from "../runtime/common/errors.ts";
import { openTrusted, openTrustedIfThere } from "./trusted_file.ts";
import { LibkrunExtras } from "./libkrun_extras.ts";
import {
  LIBKRUN_2,
  LIBKRUN_INIT,
  lookForFirmware,
  missingOf2,
  type Symbols2,
  SYMBOLS_2,
} from "./libkrun_2.ts";

/** Each entry has its C prototype. All are optional, so that an error can say what an incomplete library is. */
const SYMBOLS = {
  // int32_t krun_create_ctx(void)
  krun_create_ctx: { parameters: [], result: "i32", optional: true },
  // int32_t krun_set_vm_config(uint32_t ctx_id, uint8_t num_vcpus, uint32_t ram_mib)
  krun_set_vm_config: { parameters: ["u32", "u8", "u32"], result: "i32", optional: true },
  // int32_t krun_set_root(uint32_t ctx_id, const char *root_path)
  krun_set_root: { parameters: ["u32", "buffer"], result: "i32", optional: true },
  // int32_t krun_set_log_level(uint32_t level)
  krun_set_log_level: { parameters: ["u32"], result: "i32", optional: true },
  // int32_t krun_start_enter(uint32_t ctx_id)
  krun_start_enter: { parameters: ["u32"], result: "i32", optional: true },
} as const;

type OptionalSymbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
type Symbols = { readonly [N in keyof OptionalSymbols]: NonNullable<OptionalSymbols[N]> };

const LIBKRUN = "libkrun.so.1";
/** The files of the flavours for confidential workloads, by the values of `krun.variant`; newer names first. */
const VARIANTS = {
  sev: ["libkrun-sev.so.1"],
  tdx: ["libkrun-tdx.so.1"],
  "aws-nitro": ["libkrun-awsnitro.so.1", "libkrun-nitro.so.1"],
} as const;

/** These boot from a disk, and have no function to set another root. */
const FROM_DISK: ReadonlySet<Variant | undefined> = new Set(["sev", "tdx"]);

/** libkrun 2 has entirely different functions; its first versions lacked only this one. */
const DROPPED_BY_2 = "krun_set_log_level";

export type Variant = keyof typeof VARIANTS;

/** The file names for which versions of libkrun 1.x look. */
export const FIRMWARE = ["libkrunfw.so.5", "libkrunfw.so.4"] as const;

/** The remedy when there is none. */
export const INSTALL_LIBKRUN = "install libkrun 1.x and run ldconfig";

const MESSAGE_OF_INIT_IN_C = "Couldn't find object in config file";

/** A library of the host, and the source of its path. */
export interface LibraryPlace {
  /** Absolute. */
  readonly path: string;
  /** For messages: `--libkrun`. */
  readonly from: string;
  /** Paths of required libraries that the dynamic linker does not know, each after its own dependencies. */
  readonly needed?: readonly string[];
}

/** A file that the administrator names. */
export interface NamedFile {
  /** Absolute. */
  readonly value: string;
  /** For messages. */
  readonly from: string;
}

/** A loaded libkrun. A negative result of a call becomes a SyscallError that names the call. */
export class Libkrun {
  readonly #look: () => void;
  /** Functions that not every libkrun has. */
  readonly extras: LibkrunExtras;

  /**
   * @param look makes libkrun look for its firmware.
   * @param library the name or path by which it was loaded.
   */
  constructor(readonly abi: 1 | 2, look: () => void, library: string) {
    this.#look = look;
    this.extras = new LibkrunExtras(library, abi);
  }

  /**
   * Makes libkrun load its firmware if it finds it, so the host's files must be reachable. 1.x creates a context for it.
   */
  lookForFirmware(): void {
    this.#look();
  }

  /** Has a libkrunfw been loaded since lookForFirmware()? */
  hasFirmware(): boolean {
    return loadedFile("libkrunfw") !== undefined;
  }

  /**
   * Is the guest init, a program inside libkrun, the one in C? That one does not check the number of its arguments. The
   * library's interface does not tell, so this searches the whole file for a message of that program.
   */
  hasInitInC(): boolean {
    const file = loadedFile("libkrun");
    return file !== undefined &&
      new TextDecoder("latin1").decode(Deno.readFileSync(file)).includes(MESSAGE_OF_INIT_IN_C);
  }
}

function checked(result: number, operation: string): number {
  if (result < 0) throw new SyscallError(operation, -result);
  return result;
}

/**
 * Loads libkrun as found by the dynamic linker, or from the given place, with the firmware and flavours beside it. A named
 * file is opened once and loaded by its descriptor, so it cannot be replaced in between.
 * @throws {HostError} when it is missing, broken, not of version 1.x, or non-root users could change it.
 */
export function openLibkrun(
  place?: LibraryPlace,
  variant?: Variant,
  firmware?: NamedFile,
): Libkrun {
  if (firmware) loadFirmware(firmware);
  for (const file of loadedBefore(place, firmware?.value)) {
    if (file !== firmware?.value) loadIfThere(file, place!.from);
  }
  const { name, library, symbols, symbols2 } = load(place, variant);
  if (symbols.krun_create_ctx) return opened1(name, library, symbols, variant);
  if (symbols2.krun_vmm_builder_new) return opened2(name, library, symbols2, place);
  if (!/\blibkrun\.so\.2\b/.test(name)) {
    throw new HostError(`${name} is not libkrun`, "name the file of libkrun 1.x");
  }
  throw new HostError(
    `${name} was built without the C interface of libkrun 2`,
    "build it with FFI=1, or install libkrun 1.x, which can be installed beside it",
  );
}

function opened1(
  name: string,
  library: string,
  symbols: OptionalSymbols,
  variant: Variant | undefined,
): Libkrun {
  const missing = Object.entries(symbols).filter(([, symbol]) => symbol === null)
    .map(([symbol]) => symbol)
    .filter((symbol) => !(FROM_DISK.has(variant) && symbol === "krun_set_root"));
  if (missing.includes(DROPPED_BY_2)) throw early2(name);
  if (missing.length > 0) throw incomplete(name, missing, variant);
  const create = (symbols as Symbols).krun_create_ctx;
  return new Libkrun(1, () => void checked(create(), "krun_create_ctx()"), library);
}

function opened2(
  name: string,
  library: string,
  symbols: Symbols2,
  place: LibraryPlace | undefined,
): Libkrun {
  const missing = missingOf2(symbols);
  if (missing.length > 0) throw incomplete2(name, missing);
  if (place) loadIfThere(`${folderOf(place.path)}${LIBKRUN_INIT}`, place.from);
  if (!isLoadable(LIBKRUN_INIT)) {
    throw new HostError(
      `${LIBKRUN_INIT}, the guest's init of libkrun 2, cannot be loaded`,
      "install it together with libkrun, and run ldconfig",
    );
  }
  return new Libkrun(2, () => lookForFirmware(symbols), library);
}

/**
 * The version of the functions of the libkrun that openLibkrun() would load; 1 if there is none, or one that it refuses:
 * openLibkrun() reports the reason. No context is created, and no firmware loaded.
 */
export function libkrunAbi(place?: LibraryPlace, variant?: Variant): 1 | 2 {
  if (variant) return 1;
  try {
    for (const file of place?.needed ?? []) loadIfThere(file, place!.from);
    const { symbols, symbols2 } = load(place, variant);
    return !symbols.krun_create_ctx && symbols2.krun_vmm_builder_new ? 2 : 1;
  } catch (error) {
    if (error instanceof HostError || error instanceof SyscallError) return 1;
    throw error;
  }
}

/** The files that are tried in order: names for the dynamic linker, or paths. */
export function librariesOf(path?: string, variant?: Variant, abi?: 1 | 2): readonly string[] {
  if (!variant) return [path ?? (abi === 2 ? LIBKRUN_2 : LIBKRUN)];
  const folder = path === undefined ? "" : folderOf(path);
  return VARIANTS[variant].map((name) => `${folder}${name}`);
}

/**
 * The files that are loaded before a library: its dependencies, and the named firmware, or one beside the library. A
 * missing one beside it is no error, since the dynamic linker may find one.
 * @param firmware a path.
 * @param abi with 2 the library with the guest's init may be beside it too.
 */
export function loadedBefore(
  place?: LibraryPlace,
  firmware?: string,
  abi?: 1 | 2,
): readonly string[] {
  const init = place && abi === 2 ? [`${folderOf(place.path)}${LIBKRUN_INIT}`] : [];
  const needed = [...place?.needed ?? [], ...init];
  if (firmware !== undefined) return [...needed, firmware];
  return place ? [...needed, ...FIRMWARE.map((name) => `${folderOf(place.path)}${name}`)] : needed;
}

/** With the trailing slash. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

interface Loaded {
  /** As it was given. */
  readonly name: string;
  /** The name or path for the dynamic linker. */
  readonly library: string;
  readonly symbols: OptionalSymbols;
  readonly symbols2: Symbols2;
}

function load(place: LibraryPlace | undefined, variant: Variant | undefined): Loaded {
  const names = librariesOf(place?.path, variant);
  let failure: unknown;
  // 1.x first: a libkrun 2 of the dynamic linker is only used on hosts that have nothing else.
  for (const name of place || variant ? names : [...names, LIBKRUN_2]) {
    try {
      const library = place ? descriptorPath(openTrusted(name, place.from)) : name;
      const { symbols } = Deno.dlopen(library, SYMBOLS);
      return { name, library, symbols, symbols2: Deno.dlopen(library, SYMBOLS_2).symbols };
    } catch (cause) {
      // Non-root users could change the file, so no other file is tried.
      if (cause instanceof HostError) throw cause;
      // An existing file is the intended one, so its error is reported.
      if (!isNotFound(name, cause)) {
        failure = cause;
        break;
      }
      failure ??= cause;
    }
  }
  const flavour = variant ? `the ${variant} flavour of ` : "";
  const remedy = place
    ? `correct ${place.from}, or install ${flavour}libkrun 1.x there`
    : variant
    ? `install ${flavour}libkrun 1.x and run ldconfig`
    : INSTALL_LIBKRUN;
  throw new HostError(`libkrun cannot be loaded: ${reason(failure)}`, remedy, { cause: failure });
}

/** Is the file missing, rather than broken or incomplete? */
function isNotFound(name: string, cause: unknown): boolean {
  if (cause instanceof SyscallError) return cause.errno === ENOENT;
  return reason(cause).startsWith(`${name}: cannot open shared object file: No such file`);
}

/** The descriptor stays open: the dynamic linker identifies a library by its path. */
function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** For versions before libkrun 2 had its own functions. */
function early2(library: string): HostError {
  return new HostError(
    `${library} is an early libkrun 2, with neither the functions of 1.x nor those of 2.0`,
    "install libkrun 1.x, which can be installed beside it",
  );
}

function incomplete2(library: string, missing: readonly string[]): HostError {
  return new HostError(
    `this build of libkrun 2, ${library}, has no ${missing.join(" and ")}`,
    "install libkrun 1.x, which can be installed beside it",
  );
}

/** A build of 1.x without a function that every microVM needs, as 1.19.0 for enclaves, which cannot set a root. */
function incomplete(library: string, missing: readonly string[], variant?: Variant): HostError {
  const remedy = variant === "aws-nitro"
    ? "install the aws-nitro flavour of libkrun 1.18, which has it"
    : "install libkrun 1.9 or a later 1.x";
  const functions = missing.join(" and ");
  return new HostError(`this build of libkrun, ${library}, has no ${functions}`, remedy);
}

/** libkrun loads these by name, and the dynamic linker returns the library that is already loaded. */
function loadIfThere(file: string, from: string): void {
  const fd = openTrustedIfThere(file, from);
  if (fd !== undefined) isLoadable(descriptorPath(fd));
}

/** A named firmware that cannot be loaded is an error: libkrun would continue with another kernel. */
function loadFirmware({ value, from }: NamedFile): void {
  const fd = openTrustedIfThere(value, from);
  if (fd !== undefined && isLoadable(descriptorPath(fd))) return;
  const problem = fd === undefined ? "does not exist" : "cannot be loaded as a library";
  throw new HostError(`${from}: ${value} ${problem}`, "name the file of a libkrunfw");
}

/** Loads a library permanently. */
function isLoadable(path: string): boolean {
  try {
    Deno.dlopen(path, {});
    return true;
  } catch {
    // The only error is dlopen's: the library cannot be loaded.
    return false;
  }
}

/** The message of dlopen(3), which names the missing file: libkrun, or one of its dependencies. */
function reason(cause: unknown): string {
  return (cause as Error).message.replace(/^(Could not open library: )+/, "");
}

/** The file from which a library was loaded, symlinks resolved; undefined when it is not loaded. */
export function loadedFile(library: string): string | undefined {
  const maps = Deno.readTextFileSync("/proc/self/maps");
  return new RegExp(`/(?:.*/)?${library}\\.so[^/\\n]*$`, "m").exec(maps)?.[0];
}
