import { assertEquals } from "@std/assert";
import { vmDevices, withDevices } from "../../../../executors/libkrun/devices.ts";
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

Deno.test("withDevices() adds /dev/kvm for every user of the container", () => {
  const fuse: Device = { type: "c", path: "/dev/fuse", major: 10, minor: 229 };
  const spec: Spec = { ociVersion: "1.2.0", hostname: "h", linux: { devices: [fuse] } };
  const resources = { devices: [RULE] };
  assertEquals(withDevices(spec, vmDevices({})), {
    ...spec,
    linux: { devices: [fuse, NODE], resources },
  });
  assertEquals(withDevices({ ociVersion: "1.2.0" }, vmDevices({})).linux, {
    devices: [NODE],
    resources,
  });
});

Deno.test("withDevices() keeps the bundle's own /dev/kvm", () => {
  const own: Device = { type: "c", path: "/dev/kvm", major: 10, minor: 232, fileMode: 0o660 };
  const spec: Spec = { ociVersion: "1.2.0", linux: { devices: [own] } };
  assertEquals(withDevices(spec, vmDevices({})).linux?.devices, [own]);
});

Deno.test("withDevices() allows the device after all other rules", () => {
  const denyAll = { allow: false, access: "rwm" };
  const resources = { devices: [denyAll], pids: { limit: 9 } };
  const spec: Spec = { ociVersion: "1.2.0", linux: { resources } };
  assertEquals(withDevices(spec, vmDevices({})).linux?.resources, {
    devices: [denyAll, RULE],
    pids: { limit: 9 },
  });
});

Deno.test("withDevices() allows the device where the bundle has no rules", () => {
  const spec: Spec = { ociVersion: "1.2.0", linux: { resources: { pids: { limit: 9 } } } };
  assertEquals(withDevices(spec, vmDevices({})).linux?.resources, {
    pids: { limit: 9 },
    devices: [RULE],
  });
});

Deno.test("withDevices() does not change the spec that it is given", () => {
  const spec: Spec = { ociVersion: "1.2.0", linux: { devices: [], resources: { devices: [] } } };
  const before = structuredClone(spec);
  withDevices(spec, vmDevices({}));
  assertEquals(spec, before);
});

Deno.test("vmDevices() are those that the flavour and the network take", () => {
  const paths = (settings: Parameters<typeof vmDevices>[0]) =>
    vmDevices(settings).map(({ path, minor }) => `${path} ${minor}`);
  assertEquals(paths({}), ["/dev/kvm 232"]);
  assertEquals(paths({ network: { kind: "passt" } }), ["/dev/kvm 232"]);
  assertEquals(paths({ network: { kind: "tap", name: "t", mac: "02:00:00:00:00:00" } }), [
    "/dev/kvm 232",
    "/dev/net/tun 200",
  ]);
  assertEquals(paths({ variant: "sev" }), ["/dev/kvm 232", "/dev/sev 124"]);
  assertEquals(paths({ variant: "tdx" }), ["/dev/kvm 232"]);
  assertEquals(paths({ variant: "aws-nitro" }), ["/dev/nitro_enclaves 122"]);
});
