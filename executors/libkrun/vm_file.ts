/**
 * `.krun_vm.json` at the root of an image: settings that the image's author proposes (crun's krun.1). The image is
 * hostile: the file is opened inside its root, is read up to a bound, and can choose nothing that is the host's.
 */
import { closeFd } from "../../ffi/descriptors.ts";
import { openInRoot } from "../../ffi/files.ts";
import { SpecError, SyscallError } from "../../runtime/errors.ts";
import { parseJson } from "../../runtime/spec/json.ts";
import { accepts } from "../../runtime/spec/schema_accepts.ts";
import type { Rule } from "../../runtime/spec/schema_rule.ts";
import { MAX_CPUS, MAX_RAM_MIB, MIN_RAM_MIB } from "./annotation_table.ts";

const NAME = ".krun_vm.json";

/** Bytes; twelve short fields take a few hundred. */
export const MAX_SIZE = 64 * 1024;

/** The fields that are followed. */
export interface VmFile {
  readonly cpus?: number;
  readonly ram_mib?: number;
  readonly kernel_path?: string;
  readonly kernel_format?: number;
  readonly initrd_path?: string;
  readonly kernel_cmdline?: string;
  readonly virtiofs_tag?: string;
  readonly virtiofs_shm_size?: number;
}

/** Fields that a user must set as an annotation: they open the host to the guest. crun does not read them either. */
const ANNOTATIONS_ONLY: Readonly<Record<string, string>> = {
  gpu_flags: "krun.gpu_flags",
  use_passt: "krun.use_passt",
  tap_name: "krun.tap_name",
  nested_virt: "krun.nested_virt",
  flavor: "krun.variant",
};

const PATH: Rule<string> = {
  kind: "pattern",
  expression: /^\/[^\0]{0,4095}$/,
  form: "an absolute path in the image",
};

const FIELDS: { readonly [F in keyof Required<VmFile>]: Rule<Required<VmFile>[F]> } = {
  cpus: { kind: "integer", minimum: 1, maximum: MAX_CPUS },
  ram_mib: { kind: "integer", minimum: MIN_RAM_MIB, maximum: MAX_RAM_MIB },
  kernel_path: PATH,
  // KRUN_KERNEL_FORMAT_*: raw, ELF, PE with gzip, and images with bzip2, gzip and zstd
  kernel_format: { kind: "integer", minimum: 0, maximum: 5 },
  initrd_path: PATH,
  // The kernel's own limit on x86 (COMMAND_LINE_SIZE).
  kernel_cmdline: {
    kind: "pattern",
    expression: /^[\x20-\x7e]{0,2047}$/,
    form: "at most 2047 printable characters",
  },
  // A tag has 36 bytes (virtio 1.2, "File System Device").
  virtiofs_tag: {
    kind: "pattern",
    expression: /^[\x21-\x7e]{1,36}$/,
    form: "1 to 36 printable characters",
  },
  virtiofs_shm_size: { kind: "integer", minimum: 0, maximum: 2 ** 40 },
};

export interface LoadedVmFile {
  readonly settings: VmFile;
  readonly warnings: readonly string[];
}

/**
 * The image's settings; none when it has no such file.
 * @param rootfs absolute path of the root filesystem.
 * @throws {SpecError} naming the field, for a file that is too large, no file, not JSON, or out of bounds.
 */
export function readVmFile(rootfs: string): LoadedVmFile {
  const text = readBounded(rootfs);
  return text === undefined ? { settings: {}, warnings: [] } : parseVmFile(text);
}

/** As readVmFile(), from the file's text. */
export function parseVmFile(text: string): LoadedVmFile {
  const value = parseJson(text, NAME);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SpecError(NAME, "must be a JSON object");
  }
  const settings: Record<string, unknown> = {};
  for (const [field, rule] of Object.entries(FIELDS)) {
    if (!Object.hasOwn(value, field)) continue;
    const given = (value as Record<string, unknown>)[field];
    if (!accepts(rule, given)) throw new SpecError(`${NAME}: ${field}`, `must be ${formOf(rule)}`);
    settings[field] = given;
  }
  const warnings = Object.entries(ANNOTATIONS_ONLY)
    .filter(([field]) => Object.hasOwn(value, field))
    .map(([field, annotation]) =>
      `${NAME}: ${field} is ignored: an image cannot choose it, set the annotation ${annotation}`
    );
  return { settings, warnings };
}

function formOf(rule: Rule<number> | Rule<string>): string {
  if (rule.kind === "integer") return `an integer from ${rule.minimum} to ${rule.maximum}`;
  return rule.kind === "pattern" ? rule.form : "a string";
}

const ENOENT = 2;
const ENOTDIR = 20;

function readBounded(rootfs: string): string | undefined {
  let fd: number;
  try {
    fd = openInRoot(rootfs, NAME);
  } catch (error) {
    if (error instanceof SyscallError && [ENOENT, ENOTDIR].includes(error.errno)) return undefined;
    throw error;
  }
  try {
    // A path of ours: the descriptor holds the file, whatever becomes of its name.
    const path = `/proc/self/fd/${fd}`;
    if (!Deno.statSync(path).isFile) throw new SpecError(NAME, "is not a regular file");
    using file = Deno.openSync(path);
    return new TextDecoder().decode(readAll(file));
  } finally {
    closeFd(fd);
  }
}

function readAll(file: Deno.FsFile): Uint8Array {
  const buffer = new Uint8Array(MAX_SIZE + 1);
  let length = 0;
  while (length <= MAX_SIZE) {
    const size = file.readSync(buffer.subarray(length));
    if (size === null) return buffer.subarray(0, length);
    length += size;
  }
  throw new SpecError(NAME, `has more than ${MAX_SIZE} bytes`);
}
