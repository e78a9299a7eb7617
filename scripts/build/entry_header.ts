/**
 * The header of the entry stub: what the packer tells the stub, in the order in which it stands in memory. The one
 * source for both sides: C gets it as header.gen.h.
 */

/** Every field is an unsigned 64-bit number in the machine's byte order. */
export const ENTRY_HEADER_FIELDS = [
  /** Where the ELF tables place the header. */
  "image_address",
  /** The executable's own entry point. */
  "entry_address",
  /** The slot, filled in by the dynamic linker, that holds the address of libc's `environ`. */
  "environ_slot_address",
  /** Lists of strings, counted from the header on: what deno's command line begins with, … */
  "options_offset",
  /** … the loader in two pieces, the program's file descriptor goes between them, … */
  "loader_offset",
  /** … the commands that have the quick program, … */
  "quick_commands_offset",
  /** … variables added to the environment, … */
  "variables_offset",
  /** … prefixes of variables that deno shall not see. */
  "dropped_offset",
  /** The name, with `=`, of the variable that tells the soft limit on open files. */
  "soft_nofile_offset",
  "quick_offset",
  "quick_size",
  "whole_offset",
  "whole_size",
] as const;

/** The values of a header. */
export type EntryHeader = Readonly<Record<(typeof ENTRY_HEADER_FIELDS)[number], number>>;

/** The header's size in bytes; the stub's first instruction follows it. */
export const ENTRY_HEADER_SIZE = ENTRY_HEADER_FIELDS.length * 8;

/** The stub's room for the loader with the number put in and NUL, in bytes. */
export const ENTRY_LOADER_MAX = 256;

/** The header as it stands in memory, little-endian. */
export function encodeEntryHeader(header: EntryHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ENTRY_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  ENTRY_HEADER_FIELDS.forEach((field, i) => view.setBigUint64(i * 8, BigInt(header[field]), true));
  return bytes;
}

/** The text of header.gen.h. */
export function entryHeaderToC(): string {
  const fields = ENTRY_HEADER_FIELDS.map((field) => `\tunsigned long ${field};\n`).join("");
  return `/* Written by scripts/build/entry_header.ts. */
#define ENTRY_HEADER_SIZE "${ENTRY_HEADER_SIZE}"
#define ENTRY_LOADER_MAX ${ENTRY_LOADER_MAX}
struct entry_header {
${fields}};
`;
}
