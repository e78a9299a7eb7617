/**
 * The packer for builders who can reach only an npm mirror: makes the product from the stock deno executable. It appends a
 * segment with the entry stub and the program, turns the spare PT_NOTE into its PT_LOAD, removes PT_INTERP, and sets the
 * ELF entry point to the stub, which runs before the dynamic linker and starts Deno with the options below. Defines those
 * options; helper-c/entry passes them.
 */
import { COMMANDS } from "../../runtime/cli/command_table.ts";
import {
  type Elf,
  interpreterOf,
  PF_R,
  PF_X,
  programHeaderBytes,
  PT_INTERP,
  PT_LOAD,
  PT_NOTE,
  PT_NULL,
  PT_PHDR,
  putProgramHeader,
  readElf,
  writeEntry,
  writeProgramHeader,
} from "./elf.ts";
import { ENTRY_HEADER_SIZE, ENTRY_LOADER_MAX, type Part } from "./entry_header.ts";
import { Image } from "./image.ts";
import { leaveOutShim, LOADER, wrapPart, wrapWhole } from "./program.ts";
import { EXEC, MICROVM_WORDS, QUICK } from "./quick.ts";

/** The page size of x86-64. */
const PAGE = 4096;

/** The beginning of Deno's command line; the loader and the user's own arguments follow. */
const OPTIONS = [
  // Some values of argv[0] have a meaning for Deno (`dx`); the user's argv[0] stays in /proc/self/cmdline.
  "deno",
  "run",
  "-A",
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
];

/**
 * No command runs long enough to make compiling to machine code worthwhile (2 ms less for `run`), and a root process needs
 * no memory that is both writable and executable.
 */
const UNCACHED = ["--no-code-cache", "--v8-flags=--jitless"];

/** With a cache, all functions are compiled to bytecode at once, and only once: 5 ms less for `run`. */
const CACHED = ["--v8-flags=--jitless,--no-lazy"];

/**
 * Where Deno stores the bytecode of root's commands: in the default state root, gone after a reboot, under a name that is
 * not a valid container id. The stub creates the folders, and uses them only if they are root's alone.
 */
const CACHE_FOLDERS = ["/run/kago", "/run/kago/~deno"];

/**
 * Deno's whole environment; the program gets the caller's separately (ffi/environment.ts). Deno must not check for updates
 * on the network or write caches to the caller's home: this folder cannot exist. On a terminal it would print that it has
 * no folder, so its log is off. Nor may it put its own `node` into PATH. It always reads HOME's .npmrc, and exits when that
 * fails with ENOTDIR; without HOME it would look up the host's users. No file can be created in a procfs.
 */
const VARIABLES = [
  "HOME=/proc/kago",
  "NO_COLOR=1",
  "DENO_NO_UPDATE_CHECK=1",
  "DENO_LOG=off",
  "DENO_DISABLE_NODE_SHIM=1",
];
const NO_FOLDER = "DENO_DIR=/dev/null/kago";

/** The contents of the binary besides the stock executable. */
export interface Parts {
  /** The image from buildEntryStub(). */
  readonly stub: Uint8Array<ArrayBuffer>;
  /** The shim, a shared object. */
  readonly shim: Uint8Array<ArrayBuffer>;
  /** The stages' programs, which are inside the shim. */
  readonly stage: Uint8Array<ArrayBuffer>;
  readonly vmm: Uint8Array<ArrayBuffer>;
  /** The bundle with all commands, in ASCII. */
  readonly whole: string;
  /** The bundle with the quick commands only, in ASCII. */
  readonly quick: string;
  /** The bundle with `exec` only, in ASCII. */
  readonly exec: string;
  /** The bundle that is started for all other commands, in ASCII; if necessary, it starts another one. */
  readonly create: string;
  /** The bundle that creates microVMs too, in ASCII. */
  readonly microvm: string;
}

/**
 * The packed executable, in pieces to be written one after the other.
 * @param deno the stock executable; its ELF headers are changed in place.
 * @throws {Error} when `deno` does not have the layout that the packer needs.
 */
export function packWithNpm(
  deno: Uint8Array<ArrayBuffer>,
  parts: Parts,
): Uint8Array<ArrayBuffer>[] {
  const elf = readElf(deno);
  const spare = elf.programHeaders.findIndex((header) => header.type === PT_NOTE);
  if (spare < 0) throw new Error("the executable has no PT_NOTE to spare");
  // The kernel requires PT_LOAD in ascending order, and the new one has the highest address.
  if (elf.programHeaders.slice(spare).some((header) => header.type === PT_LOAD)) {
    throw new Error("the executable's PT_NOTE stands before a PT_LOAD");
  }
  const ends = elf.programHeaders.filter((header) => header.type === PT_LOAD)
    .map((load) => load.address + load.memorySize);
  const place = {
    address: roundUp(Math.max(...ends), PAGE),
    offset: roundUp(deno.byteLength, PAGE),
  };
  const image = buildImage(elf, place, parts);
  const size = {
    fileSize: image.bytes.byteLength,
    memorySize: image.bytes.byteLength,
    align: PAGE,
  };
  writeProgramHeader(elf, spare, { type: PT_LOAD, flags: PF_R | PF_X, ...place, ...size });
  writeEntry(elf, place.address + ENTRY_HEADER_SIZE);
  const copy = image.bytes.subarray(image.programHeadersOffset);
  copy.set(programHeadersAt(elf, place.address + image.programHeadersOffset));
  leaveOutInterpreter(elf);
  return [deno, new Uint8Array(place.offset - deno.byteLength), image.bytes];
}

/** The table for the dynamic linker, which computes the executable's load address from PT_PHDR, at `address`. */
function programHeadersAt(elf: Elf, address: number): Uint8Array<ArrayBuffer> {
  const bytes = programHeaderBytes(elf);
  const index = elf.programHeaders.findIndex(({ type }) => type === PT_PHDR);
  if (index < 0) throw new Error("the executable has no PT_PHDR");
  putProgramHeader(new DataView(bytes.buffer), index, { ...elf.programHeaders[index]!, address });
  return bytes;
}

/** Without it the kernel starts the stub first; the stub then loads the interpreter as the kernel would. */
function leaveOutInterpreter(elf: Elf): void {
  const index = elf.programHeaders.findIndex(({ type }) => type === PT_INTERP);
  writeProgramHeader(elf, index, { ...elf.programHeaders[index]!, type: PT_NULL });
}

interface PackedImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Space for the copy of the program headers. */
  readonly programHeadersOffset: number;
}

/** The appended segment: the stub with its header filled in, its lists of strings, the shim, the programs. */
function buildImage(
  elf: Elf,
  place: { readonly address: number; readonly offset: number },
  parts: Parts,
): PackedImage {
  const digits = (LOADER.length - 1) * 20;
  if (LOADER.join("").length + digits >= ENTRY_LOADER_MAX) {
    throw new Error("the loader is too long");
  }
  const image = new Image(parts.stub);
  const programHeadersOffset = image.appendAligned(programHeaderBytes(elf), 8).offset;
  const lists = {
    interpreter_offset: image.appendList([interpreterOf(elf)]),
    options_offset: image.appendList([...OPTIONS, ...UNCACHED]),
    loader_offset: image.appendList(LOADER),
    quick_commands_offset: image.appendList(QUICK.commands),
    exec_commands_offset: image.appendList(EXEC.commands),
    other_commands_offset: image.appendList(
      Object.keys(COMMANDS).filter((name) => ![QUICK, EXEC].some((p) => p.commands.includes(name))),
    ),
    microvm_words_offset: image.appendList(MICROVM_WORDS),
    variables_offset: image.appendList([...VARIABLES, NO_FOLDER]),
    cache_folders_offset: image.appendList(CACHE_FOLDERS),
    cached_options_offset: image.appendList([...OPTIONS, ...CACHED]),
    cached_variables_offset: image.appendList([...VARIABLES, `DENO_DIR=${CACHE_FOLDERS.at(-1)}`]),
  };
  const inFile = (part: Part) => ({ ...part, offset: place.offset + part.offset });
  const whole = inFile(image.append(wrapWhole(leaveOutShim(parts.whole, parts.shim))));
  const appendPart = (bundle: string, microvm?: Part) =>
    image.append(wrapPart(leaveOutShim(bundle, parts.shim), whole, microvm));
  const microvm = appendPart(parts.microvm);
  const shim = image.append(parts.shim);
  const bytes = image.finish({
    image_address: place.address,
    entry_address: elf.entry,
    program_headers_offset: programHeadersOffset,
    ...lists,
    shim,
    stage: partWithin(shim, parts.shim, parts.stage),
    vmm: partWithin(shim, parts.shim, parts.vmm),
    create: appendPart(parts.create, inFile(microvm)),
    microvm,
    exec: appendPart(parts.exec),
    quick: appendPart(parts.quick),
  });
  return { bytes, programHeadersOffset };
}

/** The location of `inner`, which is within the bytes of `part`. */
function partWithin(part: Part, bytes: Uint8Array, inner: Uint8Array): Part {
  const isHere = (at: number) => inner.every((byte, index) => bytes[at + index] === byte);
  let at = bytes.indexOf(inner[0]!);
  while (at >= 0 && !isHere(at)) at = bytes.indexOf(inner[0]!, at + 1);
  if (at < 0) throw new Error("the shim does not carry the stages");
  return { offset: part.offset + at, size: inner.byteLength };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
