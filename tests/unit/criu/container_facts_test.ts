import { assertEquals } from "@std/assert";
import { parseMountPoints } from "../../../runtime/criu/container_facts.ts";

Deno.test("parseMountPoints() reads field 5, with its escapes undone", () => {
  const text = [
    "22 28 0:21 / /proc rw,nosuid - proc proc rw",
    "23 28 0:22 /a\\040b /with\\040space\\134 rw master:1 - tmpfs tmpfs rw",
    "",
  ].join("\n");
  assertEquals(parseMountPoints(text), new Set(["/proc", "/with space\\"]));
});
