/**
 * The header of the entry stub: the packer's values for the stub, in memory order. The only source for both sides: C gets
 * it as header.gen.h.
 *
 * Field types: `word`, an unsigned 64-bit number in the machine's byte order; `part`, the offset and size of a part of the
 * image, two words. Offsets are relative to the header.
 */
export const ENTRY_HEADER = {
  /** The address of the header according to the ELF tables. */
  image_address: "word",
  /** The executable's own entry point. */
  entry_address: "word",
  /** The path of the dynamic linker. */
  interpreter_offset: "word",
  /** The program headers before the packer removed PT_INTERP; PT_PHDR refers to this copy. */
  program_headers_offset: "word",
  /** List of strings: the beginning of deno's command line. */
  options_offset: "word",
  /** List of strings: the pieces of the loader. */
  loader_offset: "word",
  /** Lists of strings: the commands of the quick program, those of exec's program, the others. */
  quick_commands_offset: "word",
  exec_commands_offset: "word",
  other_commands_offset: "word",
  /** List of strings: the arguments that ask for a microVM. */
  microvm_words_offset: "word",
  /** List of strings: the variables of deno's environment. */
  variables_offset: "word",
  /** Lists of strings: the folders down to the cache of compiled code; options and variables if it can be used. */
  cache_folders_offset: "word",
  cached_options_offset: "word",
  cached_variables_offset: "word",
  /** The shared object by which the program makes system calls. */
  shim: "part",
  /** The programs inside the shim that `--stage=…` starts. */
  stage: "part",
  vmm: "part",
  /** The JavaScript programs that the stub starts; they know the offset of the whole one. */
  quick: "part",
  exec: "part",
  create: "part",
  microvm: "part",
} as const;

type FieldType = "word" | "part";
const FIELDS: readonly (readonly [string, FieldType])[] = Object.entries(ENTRY_HEADER);

/** Offset and size in bytes. */
export interface Part {
  readonly offset: number;
  readonly size: number;
}

/** The values of a header. */
export type EntryHeader = {
  readonly [F in keyof typeof ENTRY_HEADER]: { word: number; part: Part }[(typeof ENTRY_HEADER)[F]];
};

/** The header's size in bytes; the stub's first instruction follows it. */
export const ENTRY_HEADER_SIZE = FIELDS.reduce((n, [, type]) => n + (type === "part" ? 16 : 8), 0);

/** Maximum bytes of the loader with its numbers and NUL in the stub. */
export const ENTRY_LOADER_MAX = 512;

/** The header as in memory, little-endian. */
export function encodeEntryHeader(header: EntryHeader): Uint8Array<ArrayBuffer> {
  const words = Object.keys(ENTRY_HEADER).flatMap((field) => {
    const value = header[field as keyof EntryHeader];
    return typeof value === "number" ? [value] : [value.offset, value.size];
  });
  const bytes = new Uint8Array(ENTRY_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setBigUint64(i * 8, BigInt(word), true));
  return bytes;
}

/** The text of header.gen.h. */
export function entryHeaderToC(): string {
  const types: Record<FieldType, string> = { word: "unsigned long", part: "struct entry_part" };
  const fields = FIELDS.map(([name, type]) => `\t${types[type]} ${name};\n`).join("");
  return `/* Written by scripts/build/entry_header.ts. */
#define ENTRY_HEADER_SIZE "${ENTRY_HEADER_SIZE}"
#define ENTRY_LOADER_MAX ${ENTRY_LOADER_MAX}
struct entry_part {
	unsigned long offset, size;
};
struct entry_header {
${fields}};
`;
}
