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
  environ_slot_address: 0x1_0000_0003,
  options_offset: 4,
  loader_offset: 5,
  quick_commands_offset: 6,
  other_commands_offset: 7,
  variables_offset: 8,
  dropped_offset: 9,
  cache_folders_offset: 10,
  cached_options_offset: 11,
  cached_variables_offset: 12,
  shim: { offset: 13, size: 14 },
  quick: { offset: 15, size: 16 },
  create: { offset: 17, size: 18 },
};

Deno.test("encodeEntryHeader() writes a 64-bit word a field and two a part, in order", () => {
  const bytes = encodeEntryHeader(HEADER);
  assertEquals(bytes.byteLength, ENTRY_HEADER_SIZE);
  const words = [...new BigUint64Array(bytes.buffer)].map(Number);
  assertEquals(words, [1, 2, 0x1_0000_0003, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
});

Deno.test("entryHeaderToC() declares the fields in the same order", () => {
  const text = entryHeaderToC();
  const body = text.slice(text.indexOf("struct entry_header {"));
  const names = [...body.matchAll(/^\t(?:unsigned long|struct entry_part) (\w+);$/gm)];
  assertEquals(names.map(([, name]) => name), Object.keys(HEADER));
  assertStringIncludes(text, `#define ENTRY_HEADER_SIZE "${ENTRY_HEADER_SIZE}"`);
});
