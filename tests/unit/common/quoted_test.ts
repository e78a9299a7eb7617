import { assert, assertEquals } from "@std/assert";
import { quoted, visible, withoutLongWords } from "../../../runtime/common/quoted.ts";

Deno.test("quoted() shows the beginning and the end of a long text, and what cannot be seen", () => {
  assertEquals(quoted("/a b"), '"/a b"');
  assertEquals(quoted('a"\n\u202e\ufeff'), '"a\\"\\n\\u202e\\ufeff"');
  assertEquals(quoted(`begin${"x".repeat(200)}end`, 20), '"beginxxxx…xxxxxxend"');
  assert(quoted("\u001b".repeat(500)).length <= 102);
});

Deno.test("visible() keeps a text on one line", () => {
  assertEquals(visible("a\r\nb\u0085\u2028ü"), "a\\u000d\\nb\\u0085\\u2028ü");
});

Deno.test("withoutLongWords() leaves paths of an engine's storage whole", () => {
  const path = `/var/lib/containers/storage/overlay/${"0".repeat(64)}/merged`;
  assertEquals(withoutLongWords(`${path}: no`), `${path}: no`);
  assertEquals(withoutLongWords(`${"x".repeat(5000)} no`).length, 102);
});
