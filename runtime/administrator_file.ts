/**
 * The administrator's files for microVMs: his own, and the distribution's. Owns their keys, reading and checking them;
 * the libkrun executor applies the keys. They are read only before a microVM is created, or to check a permission.
 */
import { closeFd } from "../ffi/descriptors.ts";
import { openTrustedIfThere } from "../ffi/trusted_file.ts";
import { disposing } from "./common/disposing.ts";
import { HostError, SpecError } from "./common/errors.ts";
import { readBounded } from "./common/read_bounded.ts";
import {
  DISK,
  MAX_CPUS,
  MAX_DAX_WINDOW,
  MAX_LOG_LEVEL,
  MAX_RAM_MIB,
  MIN_RAM_MIB,
} from "./microvm_bounds.ts";
import { parseJson } from "./spec/json.ts";
import { formatPath } from "./spec/json_path.ts";
import { accepts } from "./spec/schema/accepts.ts";
import type { Rule } from "./spec/schema/rule.ts";

/** The administrator's, then the distribution's; if both have a key, the first file's value applies. */
export const ADMINISTRATOR_FILES = [
  "/etc/kago/microvm.json",
  "/usr/lib/kago/microvm.json",
] as const;

/** Bytes; a path and a few names take some hundred. */
export const MAX_SIZE = 64 * 1024;

/** How a guest reaches the network if no annotation says so. */
export const NETWORKS = ["tsi", "passt", "none"] as const;

/** The keys of `.krun_vm.json` that an image may set without the administrator's permission. */
export const IMAGE_KEYS = ["cpus", "ram_mib", "virtiofs_shm_size"] as const;

export interface AdministratorFile {
  /** libkrun. */
  readonly libkrun?: string;
  /** libkrunfw, the library that holds the guest's kernel. */
  readonly kernel?: string;
  readonly passt?: string;
  readonly cpus?: number;
  readonly ramMib?: number;
  readonly logLevel?: number;
  readonly network?: (typeof NETWORKS)[number];
  /** In the format of `krun.disk`: paths are the container's. */
  readonly disks?: readonly string[];
  /** Bytes. */
  readonly daxWindow?: number;
  /** The keys of an image's `.krun_vm.json` that are applied. */
  readonly imageKeys?: readonly (typeof IMAGE_KEYS)[number][];
  /** Names of annotations that containers may set, or prefixes of them, which end with a dot. */
  readonly allowAnnotations?: readonly string[];
}

/** A value and its source: `/etc/kago/microvm.json: cpus`. */
export interface Given<T> {
  readonly value: T;
  readonly from: string;
}

export type Defaults = {
  readonly [K in keyof AdministratorFile]: Given<NonNullable<AdministratorFile[K]>>;
};

const path = (what: string): Rule<string> => ({
  kind: "pattern",
  expression: /^\/[^\0]{0,4094}$/,
  form: `the absolute path of ${what}`,
});

const RULE: Rule<AdministratorFile> = {
  kind: "object",
  required: {},
  optional: {
    libkrun: path("a library"),
    kernel: path("a libkrunfw, the library that contains the guest's kernel"),
    passt: path("a program"),
    cpus: { kind: "integer", minimum: 1, maximum: MAX_CPUS },
    ramMib: { kind: "integer", minimum: MIN_RAM_MIB, maximum: MAX_RAM_MIB },
    logLevel: { kind: "integer", minimum: 0, maximum: MAX_LOG_LEVEL },
    network: { kind: "oneOf", words: NETWORKS },
    disks: {
      kind: "list",
      item: { kind: "pattern", expression: DISK.pattern, form: DISK.form },
    },
    daxWindow: { kind: "integer", minimum: 0, maximum: MAX_DAX_WINDOW },
    imageKeys: { kind: "list", item: { kind: "oneOf", words: IMAGE_KEYS } },
    allowAnnotations: {
      kind: "list",
      item: {
        kind: "pattern",
        expression: /^(?!\.$)./,
        form: "the name of an annotation, or a prefix that ends with a dot",
      },
    },
  },
};

/**
 * The settings of the files, key by key.
 * @param files earlier ones have precedence.
 * @throws {HostError} for a file that others could have written, or that is invalid.
 */
export async function readDefaults(
  files: readonly string[] = ADMINISTRATOR_FILES,
): Promise<Defaults> {
  let all: Defaults = {};
  for (const file of files) {
    const text = readFile(file);
    if (text !== undefined) all = { ...await parseDefaults(text, file), ...all };
  }
  return all;
}

/**
 * Like readDefaults(), from the text of one file.
 * @throws {HostError} with the path of the invalid value.
 */
export async function parseDefaults(
  text: string,
  file: string = ADMINISTRATOR_FILES[0],
): Promise<Defaults> {
  const value = parse(text, file);
  // zod words the error, and is loaded for nothing else (docs/decisions/zod-off-the-happy-path.md).
  if (!accepts(RULE, value)) throw await problemOf(value, file);
  const entries = Object.entries(value as AdministratorFile);
  const unknown = entries.find(([key]) => !Object.hasOwn(RULE.optional, key))?.[0];
  if (unknown !== undefined) {
    const keys = Object.keys(RULE.optional).join(", ");
    throw wrong(file, `${formatPath([unknown])} is an unknown key; the keys are ${keys}`);
  }
  return Object.fromEntries(
    entries.map(([key, value]) => [key, { value, from: `${file}: ${key}` }]),
  );
}

function parse(text: string, file: string): unknown {
  try {
    return parseJson(text, file);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    throw new HostError(error.message, "correct the file, or remove it", { cause: error });
  }
}

async function problemOf(value: unknown, file: string): Promise<HostError> {
  const { explain } = await import("./spec/schema/explain.ts");
  const [{ path, text }] = explain(RULE, value);
  return wrong(file, path.length > 0 ? `${formatPath(path)}: ${text}` : text);
}

function readFile(file: string): string | undefined {
  const fd = openTrustedIfThere(file, file);
  if (fd === undefined) return undefined;
  try {
    const opened = Deno.openSync(`/proc/self/fd/${fd}`);
    const bytes = disposing(opened, (opened) => readBounded(opened, MAX_SIZE));
    if (!bytes) throw wrong(file, `has more than ${MAX_SIZE} bytes`);
    return new TextDecoder().decode(bytes);
  } finally {
    closeFd(fd);
  }
}

function wrong(file: string, problem: string): HostError {
  return new HostError(`${file}: ${problem}`, "correct the file, or remove it");
}
