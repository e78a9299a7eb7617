/**
 * The header of the entry stub: the packer's values for the stub, in memory order. The only source for both sides: C gets
 * it as header.gen.h.
 *
 * Field types: `word`, an unsigned 64-bit number in the machine's byte order; `part`, the offset and size of a part of the
 * image, two words; `program`, the part with a JavaScript program and the offset of the list of variables with which it is
 * started when there is a cache of compiled code. Offsets are relative to the header.
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
  /** List of strings: the beginning of deno's command line. LOADER_PLACE stands for the loader, here or in the variables. */
  options_offset: "word",
  /** List of strings: the pieces of the loader. */
  loader_offset: "word",
  /** Lists of strings: the commands of the programs. */
  quick_commands_offset: "word",
  exec_commands_offset: "word",
  create_commands_offset: "word",
  whole_commands_offset: "word",
  /** List of strings: the arguments that ask for a microVM. */
  microvm_words_offset: "word",
  /** List of strings: the variables of deno's environment. */
  variables_offset: "word",
  /** Lists of strings: the folders down to the cache of compiled code; the options if it can be used. */
  cache_folders_offset: "word",
  cached_options_offset: "word",
  /** The shared object by which the program makes system calls. */
  shim: "part",
  /** The programs inside the shim that `--stage=…` starts. */
  stage: "part",
  vmm: "part",
  /** The JavaScript programs that the stub starts; the partial ones know the offset of the whole one. */
  quick: "program",
  exec: "program",
  create: "program",
  microvm: "program",
  whole: "program",
} as const;

type FieldType = "word" | "part" | "program";
const FIELDS: readonly (readonly [string, FieldType])[] = Object.entries(ENTRY_HEADER);

/** Offset and size in bytes. */
export interface Part {
  readonly offset: number;
  readonly size: number;
}

/** A program, and the variables that go with it. */
export interface Program extends Part {
  readonly cachedVariables: number;
}

interface Values {
  readonly word: number;
  readonly part: Part;
  readonly program: Program;
}

/** The values of a header. */
export type EntryHeader = {
  readonly [F in keyof typeof ENTRY_HEADER]: Values[(typeof ENTRY_HEADER)[F]];
};

/** The words of 8 bytes that make a field. */
const WORDS: { readonly [T in FieldType]: (value: Values[T]) => readonly number[] } = {
  word: (value) => [value],
  part: ({ offset, size }) => [offset, size],
  program: ({ offset, size, cachedVariables }) => [offset, size, cachedVariables],
};

/** How many. */
const SIZES: Record<FieldType, number> = { word: 1, part: 2, program: 3 };

/** The header's size in bytes; the stub's first instruction follows it. */
export const ENTRY_HEADER_SIZE = FIELDS.reduce((size, [, type]) => size + SIZES[type] * 8, 0);

/** Maximum bytes of the loader with its numbers and NUL in the stub. */
export const ENTRY_LOADER_MAX = 768;

/** The string of a list in whose place the stub puts the loader. */
export const LOADER_PLACE = "@";

/** The header as in memory, little-endian. */
export function encodeEntryHeader(header: EntryHeader): Uint8Array<ArrayBuffer> {
  const words = FIELDS.flatMap(([field, type]) => {
    const toWords = WORDS[type] as (value: unknown) => readonly number[];
    return toWords(header[field as keyof EntryHeader]);
  });
  const bytes = new Uint8Array(ENTRY_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setBigUint64(i * 8, BigInt(word), true));
  return bytes;
}

/** The text of header.gen.h. */
export function entryHeaderToC(): string {
  const types: Record<FieldType, string> = {
    word: "unsigned long",
    part: "struct entry_part",
    program: "struct entry_program",
  };
  const fields = FIELDS.map(([name, type]) => `\t${types[type]} ${name};\n`).join("");
  return `/* Written by scripts/build/entry_header.ts. */
#define ENTRY_HEADER_SIZE "${ENTRY_HEADER_SIZE}"
#define ENTRY_LOADER_MAX ${ENTRY_LOADER_MAX}
#define ENTRY_LOADER_PLACE "${LOADER_PLACE}"
struct entry_part {
	unsigned long offset, size;
};
struct entry_program {
	struct entry_part text;
	unsigned long cached_variables_offset;
};
struct entry_header {
${fields}};
`;
}
