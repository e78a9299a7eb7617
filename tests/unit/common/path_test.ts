import { assertEquals } from "@std/assert";
import { joinPath } from "../../../runtime/common/path.ts";

Deno.test("joinPath() takes an absolute path as it is and a relative one from the base", () => {
  assertEquals(joinPath("/a/b", "/c//d/./e"), "/c/d/e");
  assertEquals(joinPath("/a/b", "../c/"), "/a/c");
  assertEquals(joinPath("/a", "../../.."), "/");
});
