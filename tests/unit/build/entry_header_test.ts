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
  other_commands_offset: 7,
  microvm_words_offset: 26,
  variables_offset: 8,
  cache_folders_offset: 9,
  cached_options_offset: 10,
  cached_variables_offset: 11,
  shim: { offset: 12, size: 13 },
  stage: { offset: 14, size: 15 },
  vmm: { offset: 16, size: 17 },
  quick: { offset: 19, size: 20 },
  exec: { offset: 24, size: 25 },
  create: { offset: 21, size: 22 },
  microvm: { offset: 27, size: 28 },
};

Deno.test("encodeEntryHeader() writes a 64-bit word a field and two a part, in order", () => {
  const bytes = encodeEntryHeader(HEADER);
  assertEquals(bytes.byteLength, ENTRY_HEADER_SIZE);
  const words = [...new BigUint64Array(bytes.buffer)].map(Number);
  const offsets = [4, 5, 6, 23, 7, 26, 8, 9, 10, 11];
  const parts = [12, 13, 14, 15, 16, 17, 19, 20, 24, 25, 21, 22, 27, 28];
  assertEquals(words, [1, 2, 0x1_0000_0003, 18, ...offsets, ...parts]);
});

Deno.test("entryHeaderToC() declares the fields in the same order", () => {
  const text = entryHeaderToC();
  const body = text.slice(text.indexOf("struct entry_header {"));
  const names = [...body.matchAll(/^\t(?:unsigned long|struct entry_part) (\w+);$/gm)];
  assertEquals(names.map(([, name]) => name), Object.keys(HEADER));
  assertStringIncludes(text, `#define ENTRY_HEADER_SIZE "${ENTRY_HEADER_SIZE}"`);
});
