import { assertEquals, assertThrows } from "@std/assert";
import { Bus } from "../../../ffi/libsystemd.ts";
import { SyscallError } from "../../../runtime/common/errors.ts";

Deno.test("a bus that nobody serves is a SyscallError with the reason's errno", () => {
  const ENOENT = 2;
  const socket = `${Deno.makeTempDirSync()}/nobody`;
  const before = Deno.env.get("DBUS_SESSION_BUS_ADDRESS");
  Deno.env.set("DBUS_SESSION_BUS_ADDRESS", `unix:path=${socket}`);
  try {
    const error = assertThrows(() => new Bus("user"), SyscallError);
    assertEquals(error.errno, ENOENT);
    assertEquals(error.operation, "connect to the user bus");
  } finally {
    if (before === undefined) Deno.env.delete("DBUS_SESSION_BUS_ADDRESS");
    else Deno.env.set("DBUS_SESSION_BUS_ADDRESS", before);
  }
});
