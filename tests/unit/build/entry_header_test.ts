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
  variables_offset: 7,
  dropped_offset: 8,
  shim: { offset: 9, size: 10 },
  quick: { offset: 11, size: 12 },
  create: { offset: 13, size: 14 },
};

Deno.test("encodeEntryHeader() writes a 64-bit word a field and two a part, in order", () => {
  const bytes = encodeEntryHeader(HEADER);
  assertEquals(bytes.byteLength, ENTRY_HEADER_SIZE);
  const words = [...new BigUint64Array(bytes.buffer)].map(Number);
  assertEquals(words, [1, 2, 0x1_0000_0003, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
});

Deno.test("entryHeaderToC() declares the fields in the same order", () => {
  const text = entryHeaderToC();
  const body = text.slice(text.indexOf("struct entry_header {"));
  const names = [...body.matchAll(/^\t(?:unsigned long|struct entry_part) (\w+);$/gm)];
  assertEquals(names.map(([, name]) => name), Object.keys(HEADER));
  assertStringIncludes(text, `#define ENTRY_HEADER_SIZE "${ENTRY_HEADER_SIZE}"`);
});
