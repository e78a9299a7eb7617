/** Devices whose path ends in a slash. Needs root. */
import { assertEquals } from "@std/assert";
import { inside } from "../harness/kago.ts";

const zero = (path: string) => ({ linux: { devices: [{ path, type: "c", major: 1, minor: 5 }] } });

Deno.test("a device's path may end in a slash, and replaces the default one of that name", async () => {
  const script = "stat -c '%F %t %T' /dev/other /dev/full";
  const other = await inside(script, { config: zero("/dev/other/") });
  assertEquals(other, "character special file 1 5\ncharacter special file 1 7\n");
  const full = await inside("stat -c '%t %T' /dev/full", { config: zero("/dev/full//") });
  assertEquals(full, "1 5\n");
});

Deno.test("a folder at a device's path stays, as with runc", async () => {
  assertEquals(await inside("stat -c %F /bin", { config: zero("/bin/") }), "directory\n");
});
