/**
 * Reads what the packers need of an ELF executable, and rewrites the two places that they change. Defines the layouts
 * (elf(5)); only 64-bit, little-endian, position-independent executables.
 */

export const PT_NULL = 0;
export const PT_LOAD = 1;
export const PT_INTERP = 3;
export const PT_NOTE = 4;
export const PT_PHDR = 6;
export const PF_X = 1;
export const PF_R = 4;

const ET_DYN = 3;
const EM_X86_64 = 62;
const PROGRAM_HEADER_SIZE = 56;

export interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

export interface Elf {
  readonly view: DataView<ArrayBuffer>;
  /** Address of the first instruction. */
  readonly entry: number;
  /** File offset of the program headers. */
  readonly programHeadersOffset: number;
  readonly programHeaders: readonly ProgramHeader[];
}

/**
 * Parses a whole executable.
 * @throws {Error} when it is not an x86-64 position-independent ELF executable.
 */
export function readElf(bytes: Uint8Array<ArrayBuffer>): Elf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const is64LittleEndian = bytes.byteLength > 64 && view.getUint32(0) === 0x7f454c46 &&
    view.getUint16(4) === 0x0201;
  if (!is64LittleEndian) throw new Error("not a 64-bit little-endian ELF file");
  const [type, machine] = [view.getUint16(16, true), view.getUint16(18, true)];
  if (type !== ET_DYN || machine !== EM_X86_64) {
    throw new Error(
      `not a position-independent x86-64 executable: type ${type}, machine ${machine}`,
    );
  }
  const programHeadersOffset = word(view, 32);
  const programHeaders = Array.from({ length: view.getUint16(56, true) }, (_, i) => {
    return readProgramHeader(view, programHeadersOffset + i * PROGRAM_HEADER_SIZE);
  });
  return { view, entry: word(view, 24), programHeadersOffset, programHeaders };
}

/** Sets the address of the first instruction. */
export function writeEntry(elf: Elf, address: number): void {
  elf.view.setBigUint64(24, BigInt(address), true);
}

/** Replaces the program header at `index`. */
export function writeProgramHeader(elf: Elf, index: number, header: ProgramHeader): void {
  const { buffer, byteOffset } = elf.view;
  const table = new DataView(buffer, byteOffset + elf.programHeadersOffset);
  putProgramHeader(table, index, header);
}

/** Replaces the program header at `index` of a table. */
export function putProgramHeader(table: DataView, index: number, header: ProgramHeader): void {
  const at = index * PROGRAM_HEADER_SIZE;
  const { offset, address, fileSize, memorySize, align } = header;
  table.setUint32(at, header.type, true);
  table.setUint32(at + 4, header.flags, true);
  [offset, address, address, fileSize, memorySize, align].forEach((value, i) => {
    table.setBigUint64(at + 8 + i * 8, BigInt(value), true);
  });
}

/**
 * The path of the executable's dynamic linker.
 * @throws {Error} when it has none.
 */
export function interpreterOf(elf: Elf): string {
  const header = elf.programHeaders.find(({ type }) => type === PT_INTERP);
  if (!header) throw new Error("the executable is not dynamically linked");
  const { buffer, byteOffset } = elf.view;
  const bytes = new Uint8Array(buffer, byteOffset + header.offset, header.fileSize - 1);
  return new TextDecoder().decode(bytes);
}

/** The program headers as in the file. */
export function programHeaderBytes(elf: Elf): Uint8Array<ArrayBuffer> {
  const size = elf.programHeaders.length * PROGRAM_HEADER_SIZE;
  const { buffer, byteOffset } = elf.view;
  return new Uint8Array(buffer, byteOffset + elf.programHeadersOffset, size).slice();
}

function readProgramHeader(view: DataView, at: number): ProgramHeader {
  return {
    type: view.getUint32(at, true),
    flags: view.getUint32(at + 4, true),
    offset: word(view, at + 8),
    address: word(view, at + 16),
    fileSize: word(view, at + 32),
    memorySize: word(view, at + 40),
    align: word(view, at + 48),
  };
}

function word(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
