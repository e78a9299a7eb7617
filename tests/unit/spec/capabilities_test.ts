import { assertEquals } from "@std/assert";
import { CAPABILITIES } from "../../../runtime/spec/capabilities.ts";

Deno.test("CAPABILITIES numbers 41 names from 0 without gaps", () => {
  assertEquals(Object.values(CAPABILITIES), Array.from({ length: 41 }, (_, number) => number));
  assertEquals(Object.keys(CAPABILITIES).every((name) => /^CAP_[A-Z_]+$/.test(name)), true);
});

Deno.test("CAPABILITIES has the kernel's numbers", () => {
  assertEquals(CAPABILITIES.CAP_CHOWN, 0);
  assertEquals(CAPABILITIES.CAP_SETPCAP, 8);
  assertEquals(CAPABILITIES.CAP_SYS_ADMIN, 21);
  assertEquals(CAPABILITIES.CAP_MKNOD, 27);
  assertEquals(CAPABILITIES.CAP_SYSLOG, 34);
  assertEquals(CAPABILITIES.CAP_CHECKPOINT_RESTORE, 40);
});
