/**
 * The packer for builders who reach nothing but an npm mirror: makes the product out of the stock deno executable.
 * A segment with the entry stub and the bundle is appended, the spare PT_NOTE becomes the PT_LOAD for it, and the ELF
 * entry point leads to the stub, which starts Deno with the options below. Owns those options; helper-c/entry owns
 * how they are put in place.
 */
import {
  type Elf,
  globalSlot,
  PF_R,
  PF_X,
  PT_LOAD,
  PT_NOTE,
  readElf,
  writeEntry,
  writeProgramHeader,
} from "./elf.ts";
import { encodeEntryHeader, ENTRY_HEADER_SIZE, type EntryHeader } from "./entry_header.ts";

/** The page size of x86-64. */
const PAGE = 4096;

/** What Deno's command line begins with; the bundle's path and the user's own arguments follow. */
const OPTIONS = [
  // Deno has meanings for some names of its own (`dx`); the user's argv[0] stays in /proc/self/cmdline.
  "deno",
  "run",
  "-A",
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--no-code-cache",
  "--ext=js",
];

/** Deno neither asks the network for updates nor writes caches to the caller's home: this folder can never be. */
const VARIABLES = ["DENO_NO_UPDATE_CHECK=1", "DENO_DIR=/dev/null/kago"];

/** Tells the bundle the soft limit on open files that the caller had; Deno raises it to the hard limit. */
const SOFT_NOFILE = "KAGO_SOFT_NOFILE=";

/**
 * Variables of the caller that would change how Deno runs (V8 flags, logs, coverage and audit files, an IPC channel,
 * Node options, telemetry, backtraces in errors), and the one that only the stub may set.
 */
const DROPPED = ["DENO_", "NODE_", "NPM_CONFIG_", "OTEL_", "RUST_", "JSR_", SOFT_NOFILE];

/**
 * The packed executable, in pieces to be written one after the other.
 * @param deno the stock executable; its ELF headers are changed in place.
 * @param stub the image that buildEntryStub() makes.
 * @throws {Error} when `deno` is not built as the packer needs it.
 */
export function packWithNpm(
  deno: Uint8Array<ArrayBuffer>,
  stub: Uint8Array<ArrayBuffer>,
  bundle: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer>[] {
  const elf = readElf(deno);
  const spare = elf.programHeaders.findIndex((header) => header.type === PT_NOTE);
  if (spare < 0) throw new Error("the executable has no PT_NOTE to spare");
  const loads = elf.programHeaders.filter((header) => header.type === PT_LOAD);
  const address = roundUp(Math.max(...loads.map((load) => load.address + load.memorySize)), PAGE);
  // The kernel wants PT_LOAD in ascending order.
  if (elf.programHeaders.slice(spare).some((header) => header.type === PT_LOAD)) {
    throw new Error("the executable's PT_NOTE stands before a PT_LOAD");
  }
  const image = buildImage(elf, address, stub, bundle);
  const offset = roundUp(deno.byteLength, PAGE);
  writeProgramHeader(elf, spare, {
    type: PT_LOAD,
    flags: PF_R | PF_X,
    offset,
    address,
    fileSize: image.byteLength,
    memorySize: image.byteLength,
    align: PAGE,
  });
  writeEntry(elf, address + ENTRY_HEADER_SIZE);
  return [deno, new Uint8Array(offset - deno.byteLength), image];
}

/** The appended segment: the stub, its header filled in, its lists of strings, the bundle. */
function buildImage(
  elf: Elf,
  address: number,
  stub: Uint8Array,
  bundle: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const lists = [OPTIONS, VARIABLES, DROPPED, [SOFT_NOFILE]].map(encodeStrings);
  const offsets: number[] = [];
  let end = stub.byteLength;
  for (const part of [...lists, bundle]) {
    offsets.push(end);
    end += part.byteLength;
  }
  const [options_offset, variables_offset, dropped_offset, soft_nofile_offset, bundle_offset] =
    offsets as [number, number, number, number, number];
  const header: EntryHeader = {
    image_address: address,
    entry_address: elf.entry,
    environ_slot_address: globalSlot(elf, "environ"),
    options_offset,
    variables_offset,
    dropped_offset,
    soft_nofile_offset,
    bundle_offset,
    bundle_size: bundle.byteLength,
  };
  const image = new Uint8Array(end);
  image.set(stub);
  image.set(encodeEntryHeader(header));
  [...lists, bundle].forEach((part, i) => image.set(part, offsets[i]));
  return image;
}

/** Each string ends with NUL; an empty one ends the list. */
function encodeStrings(strings: readonly string[]): Uint8Array {
  return new TextEncoder().encode(`${strings.join("\0")}\0\0`);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
