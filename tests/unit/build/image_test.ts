import { assertEquals } from "@std/assert";
import { ENTRY_HEADER_SIZE, type EntryHeader } from "../../../scripts/build/entry_header.ts";
import { Image } from "../../../scripts/build/image.ts";

const NOTHING = { offset: 0, size: 0, cachedVariables: 0 };
const HEADER: EntryHeader = {
  image_address: 0x42,
  entry_address: 0,
  interpreter_offset: 0,
  program_headers_offset: 0,
  options_offset: 0,
  loader_offset: 0,
  quick_commands_offset: 0,
  exec_commands_offset: 0,
  create_commands_offset: 0,
  whole_commands_offset: 0,
  microvm_words_offset: 0,
  variables_offset: 0,
  cache_folders_offset: 0,
  cached_options_offset: 0,
  shim: NOTHING,
  stage: NOTHING,
  vmm: NOTHING,
  quick: NOTHING,
  exec: NOTHING,
  create: NOTHING,
  microvm: NOTHING,
  whole: NOTHING,
};

Deno.test("Image puts what is appended where it says, behind the header and the stub's code", () => {
  const stub = new Uint8Array(ENTRY_HEADER_SIZE + 2).fill(7, ENTRY_HEADER_SIZE);
  const image = new Image(stub);
  assertEquals(image.append("äb"), { offset: stub.byteLength, size: 3 });
  assertEquals(image.appendList(["one", "", "two"]), stub.byteLength + 3);
  assertEquals(image.append(new Uint8Array([1])), { offset: stub.byteLength + 13, size: 1 });
  const bytes = image.finish(HEADER);
  assertEquals(bytes[0], 0x42);
  const behind = bytes.subarray(ENTRY_HEADER_SIZE + 2);
  assertEquals(behind, new TextEncoder().encode("äbone\0\0two\0\0\x01"));
});
