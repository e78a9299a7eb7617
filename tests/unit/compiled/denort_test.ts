import { assertEquals, assertThrows } from "@std/assert";
import { cutDenort } from "../../compiled/denort.ts";

/** An ELF file of `sections` section headers of 64 bytes and nothing else, and what follows it. */
function program(sections: number, rest: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(64 + sections * 64 + rest.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x7f454c46);
  view.setUint16(4, 0x0201);
  view.setUint16(16, 3, true); // ET_DYN
  view.setUint16(18, 62, true); // EM_X86_64
  view.setBigUint64(40, 64n, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, sections, true);
  bytes.set(new TextEncoder().encode(rest), bytes.byteLength - rest.length);
  return bytes;
}

Deno.test("cutDenort() cuts at the end of the section headers", () => {
  const whole = program(2, "d3n0l4nd and the program");
  assertEquals(cutDenort(whole), whole.subarray(0, 64 + 2 * 64));
});

Deno.test("cutDenort() refuses an executable that deno compile did not make, or not so", () => {
  const cases = [program(2, ""), program(2, "other data"), program(0, "d3n0l4nd")];
  for (const bytes of cases) {
    assertThrows(() => cutDenort(bytes), Error, "newer Deno than 2.7.14");
  }
  assertThrows(() => cutDenort(new TextEncoder().encode("#!/bin/sh")), Error, "not a 64-bit");
});
