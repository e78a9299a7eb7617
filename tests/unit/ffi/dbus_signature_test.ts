import { assertEquals, assertThrows } from "@std/assert";
import { splitSignature } from "../../../ffi/dbus_signature.ts";

Deno.test("splitSignature() separates the complete types", () => {
  assertEquals(splitSignature(""), []);
  assertEquals(splitSignature("ssa(sv)a(sa(sv))"), ["s", "s", "a(sv)", "a(sa(sv))"]);
  assertEquals(splitSignature("a{sv}(ii)aas"), ["a{sv}", "(ii)", "aas"]);
});

Deno.test("splitSignature() refuses what is no signature", () => {
  for (const text of ["z", "a", "(s", "{s"]) assertThrows(() => splitSignature(text), TypeError);
});
