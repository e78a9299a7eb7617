/**
 * Adds the entry stub and the program to an executable of Deno, as a segment of their own: a spare PT_NOTE becomes its
 * PT_LOAD, PT_INTERP is removed, and the ELF entry point is the stub, which runs before the dynamic linker.
 */
import {
  type Elf,
  interpreterOf,
  PF_R,
  PF_X,
  type ProgramHeader,
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
import { ENTRY_HEADER_SIZE } from "./entry_header.ts";
import { buildImage, type Parts } from "./entry_image.ts";
import type { Launch } from "./launch.ts";

/** The page size of x86-64. */
const PAGE = 4096;

/** The name of the ELF note in which `deno compile` stores a program, as libsui has it. */
const COMPILED_NOTE = "SUI\0";

/**
 * The executable with the segment, in pieces to be written one after the other.
 * @param executable its ELF headers are changed in place.
 * @throws {Error} when it does not have the layout that this needs.
 */
export function addEntry(
  executable: Uint8Array<ArrayBuffer>,
  parts: Parts,
  launch: Launch,
): Uint8Array<ArrayBuffer>[] {
  const elf = readElf(executable);
  const spare = elf.programHeaders.findIndex((header) => isSpare(executable, header));
  if (spare < 0) throw new Error("the executable has no PT_NOTE to spare");
  const ends = elf.programHeaders.filter((header) => header.type === PT_LOAD)
    .map((load) => load.address + load.memorySize);
  const place = {
    address: roundUp(Math.max(...ends), PAGE),
    offset: roundUp(executable.byteLength, PAGE),
  };
  const image = buildImage(place, parts, launch, {
    interpreter: interpreterOf(elf),
    entry: elf.entry,
    programHeadersSize: programHeaderBytes(elf).byteLength,
  });
  const size = {
    fileSize: image.bytes.byteLength,
    memorySize: image.bytes.byteLength,
    align: PAGE,
  };
  // The kernel requires PT_LOAD in ascending order, and the new one has the highest address.
  const headers = elf.programHeaders.toSpliced(spare, 1);
  headers.push({ type: PT_LOAD, flags: PF_R | PF_X, ...place, ...size });
  headers.forEach((header, index) => writeProgramHeader(elf, index, header));
  writeEntry(elf, place.address + ENTRY_HEADER_SIZE);
  const copy = image.bytes.subarray(image.programHeadersOffset);
  copy.set(programHeadersAt(elf, headers, place.address + image.programHeadersOffset));
  leaveOutInterpreter(elf, headers);
  return [executable, new Uint8Array(place.offset - executable.byteLength), image.bytes];
}

/** A note about the build, which nothing reads at run time. */
function isSpare(executable: Uint8Array, { type, offset, fileSize }: ProgramHeader): boolean {
  if (type !== PT_NOTE) return false;
  const notes = executable.subarray(offset, offset + fileSize);
  // A note begins with three numbers of 4 bytes, then its name (elf(5)).
  return new TextDecoder("latin1").decode(notes.subarray(12, 16)) !== COMPILED_NOTE;
}

/** The table for the dynamic linker, which computes the executable's load address from PT_PHDR, at `address`. */
function programHeadersAt(
  elf: Elf,
  headers: readonly ProgramHeader[],
  address: number,
): Uint8Array<ArrayBuffer> {
  const bytes = programHeaderBytes(elf);
  const index = headers.findIndex(({ type }) => type === PT_PHDR);
  if (index < 0) throw new Error("the executable has no PT_PHDR");
  putProgramHeader(new DataView(bytes.buffer), index, { ...headers[index]!, address });
  return bytes;
}

/** Without it the kernel starts the stub first; the stub then loads the interpreter as the kernel would. */
function leaveOutInterpreter(elf: Elf, headers: readonly ProgramHeader[]): void {
  const index = headers.findIndex(({ type }) => type === PT_INTERP);
  writeProgramHeader(elf, index, { ...headers[index]!, type: PT_NULL });
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
