import { assertEquals } from "@std/assert";
import { findNamespace, NAMESPACES } from "../../../runtime/spec/namespaces.ts";
import { NAMESPACE_TYPES } from "../../../runtime/spec/spec_linux.ts";

Deno.test("NAMESPACES has every type of the spec, each with a bit of its own", () => {
  assertEquals(Object.keys(NAMESPACES).sort(), [...NAMESPACE_TYPES].sort());
  const flags = Object.values(NAMESPACES).map(({ flag }) => flag);
  // The kernel's CLONE_NEW* together.
  assertEquals(flags.reduce((all, flag) => all | flag, 0), 0x7e020080);
  assertEquals(new Set(flags).size, flags.length);
});

Deno.test("NAMESPACES names the files of /proc/self/ns", () => {
  const files = new Set([...Deno.readDirSync("/proc/self/ns")].map(({ name }) => name));
  for (const { procName } of Object.values(NAMESPACES)) {
    assertEquals([procName, files.has(procName)], [procName, true]);
  }
});

Deno.test("findNamespace() finds the entry of a type", () => {
  const joined = { type: "ipc", path: "/proc/1/ns/ipc" } as const;
  const spec = { ociVersion: "1.2.0", linux: { namespaces: [{ type: "pid" } as const, joined] } };
  assertEquals(findNamespace(spec, "ipc"), joined);
  assertEquals(findNamespace(spec, "uts"), undefined);
  assertEquals(findNamespace({ ociVersion: "1.2.0" }, "pid"), undefined);
});
