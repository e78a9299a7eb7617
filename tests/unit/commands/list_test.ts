import { assertEquals } from "@std/assert";
import { table } from "../../../runtime/commands/list.ts";

Deno.test("table() has columns 12 wide or 3 more than the longest cell, and no padding at the end", () => {
  const lines = table([["ID", "PID", "OWNER"], ["0123456789", "1", ""], ["a", "2", "root"]]);
  assertEquals(lines.split("\n"), [
    "ID           PID         OWNER",
    "0123456789   1           ",
    "a            2           root",
    "",
  ]);
});
