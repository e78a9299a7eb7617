import { assertEquals, assertThrows } from "@std/assert";
import { ANNOTATIONS } from "../../../executors/libkrun/settings/annotation_table.ts";
import { PAGE, withAnnotations } from "../../../scripts/microvm_page.ts";

Deno.test("docs/microvm.md tells of every annotation as the table has it", async () => {
  const page = await Deno.readTextFile(PAGE);
  assertEquals(page, withAnnotations(page), "run `deno task docs:microvm`");
  const told = [...page.matchAll(/^### `(krun\..*)`$/gm)].map(([, name]) => name);
  assertEquals(told, Object.keys(ANNOTATIONS));
});

Deno.test("withAnnotations() refuses a page without the section", () => {
  assertThrows(() => withAnnotations("# microVMs\n"), Error, "no section");
});
