/**
 * `.krun_vm.json` at the root of an image: settings that the image's author proposes (crun's krun.1). The image is hostile:
 * the file is opened inside its root, its size is limited, and it cannot choose anything of the host.
 */
import { closeFd } from "../../../ffi/descriptors.ts";
import { openInRoot } from "../../../ffi/files.ts";
import { SpecError, SyscallError } from "../../../runtime/common/errors.ts";
import { readBounded } from "../../../runtime/common/read_bounded.ts";
import { parseJson } from "../../../runtime/spec/json.ts";
import { accepts } from "../../../runtime/spec/schema/accepts.ts";
import type { Rule } from "../../../runtime/spec/schema/rule.ts";
import { type Given, IMAGE_KEYS } from "../../../runtime/administrator_file.ts";
import {
  MAX_CPUS,
  MAX_DAX_WINDOW,
  MAX_RAM_MIB,
  MIN_RAM_MIB,
} from "../../../runtime/microvm_bounds.ts";
import { type KeyRow, VM_FILE_KEYS } from "./annotation_table.ts";
import { ENOENT, ENOTDIR } from "../../../runtime/common/errno.ts";

export const VM_FILE = ".krun_vm.json";

/** Bytes; the fields take a few hundred. */
export const MAX_SIZE = 64 * 1024;

/** The fields that are applied. */
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
  virtiofs_shm_size: { kind: "integer", minimum: 0, maximum: MAX_DAX_WINDOW },
};

export interface LoadedVmFile {
  readonly settings: VmFile;
  readonly warnings: readonly string[];
}

/**
 * The image's settings that remain if the administrator's file has `imageKeys`.
 * @param followed as in the file; without it, all that the table lets an image set.
 */
export function onlyFollowed(
  { settings, warnings }: LoadedVmFile,
  followed?: Given<readonly string[]>,
): LoadedVmFile {
  if (!followed) return { settings, warnings };
  const ignored = IMAGE_KEYS.filter((key) =>
    settings[key] !== undefined && !followed.value.includes(key)
  );
  const left = Object.entries(settings)
    .filter(([key]) => !ignored.some((one) => one === key));
  return {
    settings: Object.fromEntries(left),
    warnings: [
      ...warnings,
      ...ignored.map((key) => `${VM_FILE}: ${key} is ignored: it is not among ${followed.from}`),
    ],
  };
}

/**
 * The image's settings; empty when it has no such file.
 * @param rootfs absolute path of the root filesystem.
 * @throws {SpecError} naming the field, for a file that is too large, not a regular file, not JSON, or out of bounds.
 */
export function readVmFile(rootfs: string): LoadedVmFile {
  const text = readText(rootfs);
  return text === undefined ? { settings: {}, warnings: [] } : parseVmFile(text);
}

/** As readVmFile(), from the file's text. */
export function parseVmFile(text: string): LoadedVmFile {
  const value = parseJson(text, VM_FILE);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SpecError(VM_FILE, "must be a JSON object");
  }
  const settings: Record<string, unknown> = {};
  for (const [field, rule] of Object.entries(FIELDS)) {
    if (!Object.hasOwn(value, field)) continue;
    const given = (value as Record<string, unknown>)[field];
    if (!accepts(rule, given)) {
      throw new SpecError(`${VM_FILE}: ${field}`, `must be ${formOf(rule)}`);
    }
    settings[field] = given;
  }
  const warnings = Object.entries<KeyRow>(VM_FILE_KEYS)
    .filter(([field, { annotation }]) => annotation !== undefined && Object.hasOwn(value, field))
    .map(([field, { annotation }]) =>
      `${VM_FILE}: ${field} is ignored: an image cannot set it; set the annotation ${annotation}`
    );
  return { settings, warnings };
}

function formOf(rule: Rule<number> | Rule<string>): string {
  if (rule.kind === "integer") return `an integer from ${rule.minimum} to ${rule.maximum}`;
  return rule.kind === "pattern" ? rule.form : "a string";
}

function readText(rootfs: string): string | undefined {
  let fd: number;
  try {
    fd = openInRoot(rootfs, VM_FILE);
  } catch (error) {
    if (error instanceof SyscallError && [ENOENT, ENOTDIR].includes(error.errno)) return undefined;
    throw error;
  }
  try {
    // A path of kago: the descriptor refers to the file, even if its name changes.
    const path = `/proc/self/fd/${fd}`;
    if (!Deno.statSync(path).isFile) throw new SpecError(VM_FILE, "is not a regular file");
    using file = Deno.openSync(path);
    const bytes = readBounded(file, MAX_SIZE);
    if (!bytes) throw new SpecError(VM_FILE, `has more than ${MAX_SIZE} bytes`);
    return new TextDecoder().decode(bytes);
  } finally {
    closeFd(fd);
  }
}
