import { assertEquals } from "@std/assert";
import { withKvmDevice } from "../../../../executors/libkrun/kvm_device.ts";
import type { Device, Spec } from "../../../../runtime/spec/spec.ts";

const NODE = {
  type: "c",
  path: "/dev/kvm",
  major: 10,
  minor: 232,
  fileMode: 0o666,
  uid: 0,
  gid: 0,
} as const;
const RULE = { allow: true, type: "c", major: 10, minor: 232, access: "rwm" };

Deno.test("withKvmDevice() adds /dev/kvm for every user of the container", () => {
  const fuse: Device = { type: "c", path: "/dev/fuse", major: 10, minor: 229 };
  const spec: Spec = { ociVersion: "1.2.0", hostname: "h", linux: { devices: [fuse] } };
  const resources = { devices: [RULE] };
  assertEquals(withKvmDevice(spec), { ...spec, linux: { devices: [fuse, NODE], resources } });
  assertEquals(withKvmDevice({ ociVersion: "1.2.0" }).linux, { devices: [NODE], resources });
});

Deno.test("withKvmDevice() keeps the bundle's own /dev/kvm", () => {
  const own: Device = { type: "c", path: "/dev/kvm", major: 10, minor: 232, fileMode: 0o660 };
  const spec: Spec = { ociVersion: "1.2.0", linux: { devices: [own] } };
  assertEquals(withKvmDevice(spec).linux?.devices, [own]);
});

Deno.test("withKvmDevice() allows the device after all other rules", () => {
  const denyAll = { allow: false, access: "rwm" };
  const resources = { devices: [denyAll], pids: { limit: 9 } };
  const spec: Spec = { ociVersion: "1.2.0", linux: { resources } };
  assertEquals(withKvmDevice(spec).linux?.resources, {
    devices: [denyAll, RULE],
    pids: { limit: 9 },
  });
});

Deno.test("withKvmDevice() allows the device where the bundle has no rules", () => {
  const spec: Spec = { ociVersion: "1.2.0", linux: { resources: { pids: { limit: 9 } } } };
  assertEquals(withKvmDevice(spec).linux?.resources, { pids: { limit: 9 }, devices: [RULE] });
});

Deno.test("withKvmDevice() does not change the spec that it is given", () => {
  const spec: Spec = { ociVersion: "1.2.0", linux: { devices: [], resources: { devices: [] } } };
  const before = structuredClone(spec);
  withKvmDevice(spec);
  assertEquals(spec, before);
});
