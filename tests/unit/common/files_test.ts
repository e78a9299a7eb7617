import { assertEquals, assertThrows } from "@std/assert";
import { isAbsent, isFolder, isThere } from "../../../runtime/common/files.ts";

Deno.test("isThere() and isFolder() take a file in place of a folder above for nothing there", async () => {
  const file = await Deno.makeTempFile();
  try {
    assertEquals([isThere(file), isFolder(file)], [true, false]);
    assertEquals([isThere(`${file}/x`), isFolder(`${file}/x`)], [false, false]);
    assertEquals([isThere("/nowhere"), isThere("/"), isFolder("/")], [false, true, true]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("isThere() throws what it is not told to take for an answer", () => {
  const path = `/${"x".repeat(300)}`; // ENAMETOOLONG
  assertThrows(() => isThere(path));
  assertThrows(() => isThere(path, isAbsent));
});
