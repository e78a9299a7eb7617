/**
 * Reads what the packer must know of an ELF executable, and rewrites the two places that it changes. Owns the
 * layouts (elf(5)); 64-bit, little-endian, position-independent executables only.
 */

export const PT_LOAD = 1;
export const PT_NOTE = 4;
export const PF_X = 1;
export const PF_R = 4;

const ET_DYN = 3;
const EM_X86_64 = 62;
const PT_DYNAMIC = 2;
const DT = { STRTAB: 5, SYMTAB: 6, RELA: 7, RELASZ: 8 };
const R_X86_64_GLOB_DAT = 6;
const SYMBOL_SIZE = 24;
const RELA_SIZE = 24;
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
  /** Where the program headers stand in the file. */
  readonly programHeadersOffset: number;
  readonly programHeaders: readonly ProgramHeader[];
}

/**
 * Takes a whole executable apart.
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
  const at = elf.programHeadersOffset + index * PROGRAM_HEADER_SIZE;
  const { offset, address, fileSize, memorySize, align } = header;
  elf.view.setUint32(at, header.type, true);
  elf.view.setUint32(at + 4, header.flags, true);
  [offset, address, address, fileSize, memorySize, align].forEach((value, i) => {
    elf.view.setBigUint64(at + 8 + i * 8, BigInt(value), true);
  });
}

/**
 * The address of the slot that the dynamic linker fills with the address of the variable or function `symbol`, at
 * load time and whether or not the program binds lazily (R_X86_64_GLOB_DAT).
 * @throws {Error} when the executable does not import `symbol` that way.
 */
export function globalSlot(elf: Elf, symbol: string): number {
  const dynamic = readDynamic(elf);
  const entry = (tag: number): number => {
    const value = dynamic.get(tag);
    if (value === undefined) throw new Error(`the executable's dynamic section lacks tag ${tag}`);
    return value;
  };
  const [symbols, strings] = [entry(DT.SYMTAB), entry(DT.STRTAB)].map((at) => fileOffset(elf, at));
  const first = fileOffset(elf, entry(DT.RELA));
  for (let at = first; at < first + entry(DT.RELASZ); at += RELA_SIZE) {
    if (elf.view.getUint32(at + 8, true) !== R_X86_64_GLOB_DAT) continue;
    const name = symbols! + elf.view.getUint32(at + 12, true) * SYMBOL_SIZE;
    if (readString(elf, strings! + elf.view.getUint32(name, true)) === symbol) {
      return word(elf.view, at);
    }
  }
  throw new Error(`the executable has no global slot for ${symbol}`);
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

function readDynamic(elf: Elf): Map<number, number> {
  const header = elf.programHeaders.find((candidate) => candidate.type === PT_DYNAMIC);
  if (!header) throw new Error("the executable is not dynamically linked");
  const tags = new Map<number, number>();
  for (let at = header.offset; at < header.offset + header.fileSize; at += 16) {
    const tag = word(elf.view, at);
    if (tag === 0) break;
    tags.set(tag, word(elf.view, at + 8));
  }
  return tags;
}

function fileOffset(elf: Elf, address: number): number {
  const segment = elf.programHeaders.find((header) =>
    header.type === PT_LOAD && address >= header.address &&
    address < header.address + header.fileSize
  );
  if (!segment) throw new Error(`address ${address} is in no segment of the file`);
  return segment.offset + (address - segment.address);
}

function readString(elf: Elf, at: number): string {
  const bytes = new Uint8Array(elf.view.buffer, elf.view.byteOffset);
  return new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
}

function word(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
