import { assertEquals, assertThrows } from "@std/assert";
import { EEXIST, ENAMETOOLONG } from "../../../runtime/common/errno.ts";
import { SyscallError } from "../../../runtime/common/errors.ts";
import { freeName } from "../../../runtime/stages/net_device_move.ts";

Deno.test("freeName() takes a name as it is, and the first free one of a template", () => {
  const taken = new Set(["eth0", "eth1"]);
  const free = (name: string) => freeName(name, (name) => taken.has(name));
  assertEquals(free("web"), "web");
  assertEquals(free("eth%d"), "eth2");
  assertEquals(free("%d-%d"), "0-%d");
});

Deno.test("freeName() refuses a name that is taken, and a template that has none to give", () => {
  const errnoOf = (name: string, isTaken: (name: string) => boolean) =>
    assertThrows(() => freeName(name, isTaken), SyscallError).errno;
  assertEquals(errnoOf("eth0", () => true), EEXIST);
  assertEquals(errnoOf("%d", () => true), EEXIST);
  const single = /^fourteen-bytes\d$/;
  assertEquals(errnoOf("fourteen-bytes%d", (name) => single.test(name)), ENAMETOOLONG);
});
