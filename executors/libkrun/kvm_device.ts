/** /dev/kvm in the container: the VMM opens it there, after pivot_root, as the container's user. Pure. */
import type { Device, DeviceCgroup, Spec } from "../../runtime/spec/spec.ts";

export const KVM_PATH = "/dev/kvm";

/** The kernel's admin-guide/devices.txt: misc device 232. */
const MAJOR = 10;
const MINOR = 232;

/** Open to all: only the container's own processes see this node, and the VMM may run as any of its users. */
const KVM_DEVICE: Device = {
  type: "c",
  path: KVM_PATH,
  major: MAJOR,
  minor: MINOR,
  fileMode: 0o666,
  uid: 0,
  gid: 0,
};

const KVM_RULE: DeviceCgroup = {
  allow: true,
  type: "c",
  major: MAJOR,
  minor: MINOR,
  access: "rwm",
};

/**
 * The spec with the device, unless the bundle has one of its own, and with a rule that allows it, last because later
 * rules win. It takes the rule also where the bundle has none: what is not allowed is denied then too.
 */
export function withKvmDevice(spec: Spec): Spec {
  const { devices = [], resources } = spec.linux ?? {};
  const present = devices.some(({ path }) => path === KVM_PATH);
  return {
    ...spec,
    linux: {
      ...spec.linux,
      devices: present ? devices : [...devices, KVM_DEVICE],
      resources: { ...resources, devices: [...resources?.devices ?? [], KVM_RULE] },
    },
  };
}
