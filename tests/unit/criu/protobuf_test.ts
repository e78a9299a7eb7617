import { assertEquals, assertThrows } from "@std/assert";
import { decodeMessage, encodeMessage, type Table } from "../../../runtime/criu/protobuf.ts";

const INNER = { path: [2, "string"] } as const satisfies Table;
const TABLE = {
  number: [1, "int"],
  yes: [2, "bool"],
  text: [16, "string"],
  texts: [3, "strings"],
  many: [4, { list: INNER }],
  one: [5, { one: INNER }],
} as const satisfies Table;

const hex = (bytes: Uint8Array<ArrayBuffer>) => bytes.toHex();
const bytesOf = (text: string) => Uint8Array.fromHex(text);

Deno.test("encodeMessage() writes what the specification's examples have", () => {
  assertEquals(hex(encodeMessage({ a: [1, "int"] }, { a: 150 })), "089601");
  assertEquals(hex(encodeMessage({ b: [2, "string"] }, { b: "testing" })), "120774657374696e67");
  assertEquals(
    hex(encodeMessage({ c: [3, { one: { a: [1, "int"] } }] }, { c: { a: 150 } })),
    "1a03089601",
  );
});

Deno.test("encodeMessage() writes fields that are there, one for each item of a list", () => {
  assertEquals(
    hex(
      encodeMessage(TABLE, { yes: true, text: "é", texts: ["a", ""], many: [{ path: "/" }, {}] }),
    ),
    "1001" + "820102c3a9" + "1a0161" + "1a00" + "220312012f" + "2200",
  );
  assertEquals(hex(encodeMessage(TABLE, {})), "");
});

Deno.test("encodeMessage() writes a negative number as 64 bits, and 32-bit flags as they are", () => {
  assertEquals(hex(encodeMessage(TABLE, { number: -1 })), "08ffffffffffffffffff01");
  assertEquals(hex(encodeMessage(TABLE, { number: 0x40000000 })), "088080808004");
});

Deno.test("decodeMessage() reads what encodeMessage() writes, and skips fields that it does not know", () => {
  const message = { number: -5, yes: false, text: "x", one: { path: "/a" } };
  const unknown = "9a0602ffff" + "a00601";
  const bytes = bytesOf(hex(encodeMessage(TABLE, message)) + unknown);
  assertEquals(decodeMessage(TABLE, bytes), message);
});

Deno.test("decodeMessage() refuses what ends too early, or is of another type", () => {
  for (const text of ["08", "0880", "8201", "820105ff", "0d00000000", "0a0161"]) {
    assertThrows(() => decodeMessage(TABLE, bytesOf(text)), Error, "violates its protocol");
  }
});
