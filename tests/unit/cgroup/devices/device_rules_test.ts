import { assertEquals, assertThrows } from "@std/assert";
import { deviceWrites } from "../../../../runtime/cgroup/devices/device_rules.ts";
import { SpecError } from "../../../../runtime/common/errors.ts";
import type { DeviceCgroup } from "../../../../runtime/spec/spec.ts";

const DEFAULTS = ["c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm"]
  .concat("c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm")
  .map((value) => `devices.allow ${value}`);

function written(rules: readonly DeviceCgroup[]): string[] {
  return deviceWrites(rules).map(({ file, value }) => `${file} ${value}`);
}

Deno.test("deviceWrites() denies all and allows the default devices, with or without the usual deny rule", () => {
  assertEquals(written([]), ["devices.deny a", ...DEFAULTS]);
  assertEquals(written([{ allow: false, access: "rwm" }]), ["devices.deny a", ...DEFAULTS]);
});

Deno.test("deviceWrites() names the rule that a write comes from", () => {
  const [deny, kvm, first] = deviceWrites([
    { allow: false },
    { allow: true, type: "c", major: 10, minor: 232, access: "rw" },
  ]);
  assertEquals(deny!.from, "linux.resources.devices");
  assertEquals(kvm, {
    controller: "devices",
    file: "devices.allow",
    value: "c 10:232 rw",
    from: "linux.resources.devices[1]",
  });
  assertEquals(first!.from, "linux.resources.devices");
});

Deno.test("deviceWrites() allows all for a privileged container, without the defaults", () => {
  assertEquals(written([{ allow: false }, { allow: true, access: "rwm" }]), ["devices.allow a"]);
  assertEquals(written([{ allow: true, type: "a", major: -1, minor: -1 }]), ["devices.allow a"]);
});

Deno.test("deviceWrites() denies single devices where all others are allowed", () => {
  const rules: DeviceCgroup[] = [{ allow: true }, { allow: false, type: "b", access: "w" }];
  assertEquals(written(rules), ["devices.allow a", "devices.deny b *:* w"]);
});

Deno.test("deviceWrites() applies an a rule with less than all accesses to both kinds of device", () => {
  const [, block, char] = written([{ allow: true, type: "a", access: "rw" }]);
  // With the m of the default devices.
  assertEquals([block, char], ["devices.allow b *:* rwm", "devices.allow c *:* rwm"]);
});

Deno.test("deviceWrites() lets a later rule win over an earlier one", () => {
  const allow: DeviceCgroup = { allow: true, type: "c", major: 10, minor: 200 };
  assertEquals(
    written([allow, { ...allow, allow: false, access: "w" }])[1],
    "devices.allow c 10:200 rm",
  );
  assertEquals(written([allow, { ...allow, allow: false }])[1], "devices.allow c *:* m");
  assertEquals(
    written([allow, { allow: false, type: "c", major: 10 }])[1],
    "devices.allow c *:* m",
  );
  assertEquals(written([allow, { allow: false }]), ["devices.deny a", ...DEFAULTS]);
});

Deno.test("deviceWrites() ignores a deny rule for what was not allowed", () => {
  const rules: DeviceCgroup[] = [
    { allow: true, type: "c", major: 10, minor: 200 },
    { allow: false, type: "c", major: 10, minor: 201 },
    { allow: false, type: "b", major: 10, minor: 200 },
  ];
  assertEquals(written(rules)[1], "devices.allow c 10:200 rwm");
});

Deno.test("deviceWrites() refuses an exception to an exception, which the kernel would ignore", () => {
  const rules: DeviceCgroup[] = [
    { allow: true, type: "c", major: 10, access: "rw" },
    { allow: false, type: "c", major: 10, minor: 200, access: "w" },
  ];
  const error = assertThrows(() => deviceWrites(rules), SpecError);
  assertEquals(error.jsonPath, "linux.resources.devices[1]");
});

Deno.test("deviceWrites() puts accesses in the kernel's order and takes absent ones for all", () => {
  assertEquals(
    written([{ allow: true, type: "c", major: 1, minor: 1, access: "mr" }])[1],
    "devices.allow c 1:1 rm",
  );
  assertEquals(
    written([{ allow: true, type: "b", major: 1, minor: 1 }])[1],
    "devices.allow b 1:1 rwm",
  );
});

Deno.test("deviceWrites() refuses a type that no device has", () => {
  const error = assertThrows(() => deviceWrites([{ allow: true, type: "x" }]), SpecError);
  assertEquals(error.jsonPath, "linux.resources.devices[0].type");
});
