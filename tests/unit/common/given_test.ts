import { assertEquals } from "@std/assert";
import { given } from "../../../runtime/common/given.ts";

Deno.test("given() leaves out what is undefined, and nothing else that is false", () => {
  const all = { a: undefined, b: null, c: false, d: 0, e: "", f: [] };
  assertEquals(Object.keys(given(all)), ["b", "c", "d", "e", "f"]);
});
