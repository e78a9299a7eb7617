/**
 * The packer for builders who reach nothing but an npm mirror: makes the product out of the stock deno executable.
 * A segment with the entry stub and the program is appended, the spare PT_NOTE becomes the PT_LOAD for it, PT_INTERP goes, and
 * the ELF entry point leads to the stub, which runs before the dynamic linker and starts Deno with the options below. Owns
 * those options; helper-c/entry owns how they are put in place.
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
import { EXEC, QUICK } from "./quick.ts";

/** The page size of x86-64. */
const PAGE = 4096;

/** What Deno's command line begins with; the loader and the user's own arguments follow. */
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
];

/**
 * Nothing runs long enough to be worth compiling to machine code (2 ms less for `run`), and a process of root's needs no
 * memory that is both writable and executable.
 */
const UNCACHED = ["--no-code-cache", "--v8-flags=--jitless"];

/** With a cache, functions are compiled to bytecode all at once and once only: 5 ms less for `run`. */
const CACHED = ["--v8-flags=--jitless,--no-lazy"];

/**
 * Where Deno keeps the bytecode of root's commands: in the default state root, gone after a reboot, under a name that no
 * container's id can be. The stub makes the folders, and uses them if they are root's alone.
 */
const CACHE_FOLDERS = ["/run/kago", "/run/kago/~deno"];

/**
 * All of Deno's environment; the caller's is the program's alone (ffi/environment.ts). Deno neither asks the network for
 * updates nor writes caches to the caller's home: this folder can never be. On a terminal it would tell the user that it
 * has no folder, hence no log. Nor does it put a `node` of its own into PATH. It reads HOME's .npmrc in any case, and ends
 * when that says ENOTDIR; without HOME it would ask the host's users for one. In a procfs nobody makes a file.
 */
const VARIABLES = [
  "HOME=/proc/kago",
  "NO_COLOR=1",
  "DENO_NO_UPDATE_CHECK=1",
  "DENO_LOG=off",
  "DENO_DISABLE_NODE_SHIM=1",
];
const NO_FOLDER = "DENO_DIR=/dev/null/kago";

/** What goes into the binary besides the stock executable. */
export interface Parts {
  /** The image that buildEntryStub() makes. */
  readonly stub: Uint8Array<ArrayBuffer>;
  /** The shim, a shared object. */
  readonly shim: Uint8Array<ArrayBuffer>;
  /** The stages' programs, which lie in the shim. */
  readonly stage: Uint8Array<ArrayBuffer>;
  readonly vmm: Uint8Array<ArrayBuffer>;
  /** The bundle with all commands, in ASCII. */
  readonly whole: string;
  /** The bundle with the quick commands only, in ASCII. */
  readonly quick: string;
  /** The bundle with `exec` only, in ASCII. */
  readonly exec: string;
  /** The bundle that is started for all other commands, in ASCII; it goes on to the whole one where it must. */
  readonly create: string;
}

/**
 * The packed executable, in pieces to be written one after the other.
 * @param deno the stock executable; its ELF headers are changed in place.
 * @throws {Error} when `deno` is not built as the packer needs it.
 */
export function packWithNpm(
  deno: Uint8Array<ArrayBuffer>,
  parts: Parts,
): Uint8Array<ArrayBuffer>[] {
  const elf = readElf(deno);
  const spare = elf.programHeaders.findIndex((header) => header.type === PT_NOTE);
  if (spare < 0) throw new Error("the executable has no PT_NOTE to spare");
  // The kernel wants PT_LOAD in ascending order, and the new one has the highest address.
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

/** The table for the dynamic linker, which finds out by PT_PHDR where the executable lies, at `address`. */
function programHeadersAt(elf: Elf, address: number): Uint8Array<ArrayBuffer> {
  const bytes = programHeaderBytes(elf);
  const index = elf.programHeaders.findIndex(({ type }) => type === PT_PHDR);
  if (index < 0) throw new Error("the executable has no PT_PHDR");
  putProgramHeader(new DataView(bytes.buffer), index, { ...elf.programHeaders[index]!, address });
  return bytes;
}

/** Without it the kernel starts the stub first; the stub then does as the kernel would have done. */
function leaveOutInterpreter(elf: Elf): void {
  const index = elf.programHeaders.findIndex(({ type }) => type === PT_INTERP);
  writeProgramHeader(elf, index, { ...elf.programHeaders[index]!, type: PT_NULL });
}

interface PackedImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Room for the copy of the program headers. */
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
    variables_offset: image.appendList([...VARIABLES, NO_FOLDER]),
    cache_folders_offset: image.appendList(CACHE_FOLDERS),
    cached_options_offset: image.appendList([...OPTIONS, ...CACHED]),
    cached_variables_offset: image.appendList([...VARIABLES, `DENO_DIR=${CACHE_FOLDERS.at(-1)}`]),
  };
  const { offset, size } = image.append(wrapWhole(leaveOutShim(parts.whole, parts.shim)));
  const appendPart = (bundle: string) =>
    image.append(wrapPart(leaveOutShim(bundle, parts.shim), place.offset + offset, size));
  const shim = image.append(parts.shim);
  const bytes = image.finish({
    image_address: place.address,
    entry_address: elf.entry,
    program_headers_offset: programHeadersOffset,
    ...lists,
    shim,
    stage: partWithin(shim, parts.shim, parts.stage),
    vmm: partWithin(shim, parts.shim, parts.vmm),
    create: appendPart(parts.create),
    exec: appendPart(parts.exec),
    quick: appendPart(parts.quick),
  });
  return { bytes, programHeadersOffset };
}

/** Where `inner` lies, which is within the bytes of `part`. */
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
