import { assertEquals } from "@std/assert";
import { deviceState } from "../../../../runtime/cgroup/devices/device_rules.ts";
import {
  deviceChanges,
  parseDeviceList,
} from "../../../../runtime/cgroup/devices/device_update.ts";

const LIST = "c 1:3 rwm\nb *:* m\nc 10:200 rw\n";

Deno.test("parseDeviceList() reads what the kernel shows", () => {
  const { allowAll, exceptions } = parseDeviceList(LIST);
  assertEquals(allowAll, false);
  assertEquals(
    exceptions.map(({ type, major, minor, access }) => `${type} ${major}:${minor} ${access}`),
    ["c 1:3 rwm", "b *:* m", "c 10:200 rw"],
  );
  assertEquals(parseDeviceList("a *:* rwm\n"), { allowAll: true, exceptions: [] });
});

Deno.test("deviceChanges() writes the difference only, what goes before what comes", () => {
  const now = parseDeviceList(LIST).exceptions;
  const target = parseDeviceList("c 1:3 rwm\nb *:* m\nc 10:200 rm\nc 5:5 r\n").exceptions;
  assertEquals(deviceChanges(now, target).map(({ file, value }) => `${file} ${value}`), [
    "devices.deny c 10:200 w",
    "devices.allow c 10:200 m",
    "devices.allow c 5:5 r",
  ]);
  assertEquals(deviceChanges(now, now), []);
});

Deno.test("deviceChanges() from the default devices takes none of them away", () => {
  const rule = { allow: true, type: "c", major: 10, minor: 200, access: "rw" } as const;
  const changes = deviceChanges(deviceState([]).exceptions, deviceState([rule]).exceptions);
  assertEquals(changes.map(({ file, value, from }) => [file, value, from]), [
    ["devices.allow", "c 10:200 rw", "linux.resources.devices[0]"],
  ]);
});
