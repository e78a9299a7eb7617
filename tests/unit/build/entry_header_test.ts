import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  encodeEntryHeader,
  ENTRY_HEADER_SIZE,
  type EntryHeader,
  entryHeaderToC,
} from "../../../scripts/build/entry_header.ts";

const HEADER: EntryHeader = {
  image_address: 1,
  entry_address: 2,
  interpreter_offset: 0x1_0000_0003,
  program_headers_offset: 18,
  options_offset: 4,
  loader_offset: 5,
  quick_commands_offset: 6,
  exec_commands_offset: 23,
  create_commands_offset: 7,
  whole_commands_offset: 29,
  microvm_words_offset: 26,
  variables_offset: 8,
  cache_folders_offset: 9,
  cached_options_offset: 10,
  shim: { offset: 12, size: 13 },
  stage: { offset: 14, size: 15 },
  vmm: { offset: 16, size: 17 },
  quick: { offset: 19, size: 20, cachedVariables: 30 },
  exec: { offset: 24, size: 25, cachedVariables: 31 },
  create: { offset: 21, size: 22, cachedVariables: 32 },
  microvm: { offset: 27, size: 28, cachedVariables: 33 },
  whole: { offset: 34, size: 35, cachedVariables: 36 },
};

Deno.test("encodeEntryHeader() writes a 64-bit word a field, two a part and three a program, in order", () => {
  const bytes = encodeEntryHeader(HEADER);
  assertEquals(bytes.byteLength, ENTRY_HEADER_SIZE);
  const words = [...new BigUint64Array(bytes.buffer)].map(Number);
  const offsets = [4, 5, 6, 23, 7, 29, 26, 8, 9, 10];
  const parts = [12, 13, 14, 15, 16, 17];
  const programs = [19, 20, 30, 24, 25, 31, 21, 22, 32, 27, 28, 33, 34, 35, 36];
  assertEquals(words, [1, 2, 0x1_0000_0003, 18, ...offsets, ...parts, ...programs]);
});

Deno.test("entryHeaderToC() declares the fields in the same order", () => {
  const text = entryHeaderToC();
  const body = text.slice(text.indexOf("struct entry_header {"));
  const names = [...body.matchAll(/^\t(?:unsigned long|struct entry_(?:part|program)) (\w+);$/gm)];
  assertEquals(names.map(([, name]) => name), Object.keys(HEADER));
  assertStringIncludes(text, `#define ENTRY_HEADER_SIZE "${ENTRY_HEADER_SIZE}"`);
});
