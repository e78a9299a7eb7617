/** The host devices that a VMM opens in the container, after pivot_root and as the container's user. Pure. */
import type { Device, DeviceCgroup, Spec } from "../../runtime/spec/spec.ts";
import type { VmSettings } from "./settings/settings.ts";

export const KVM_PATH = "/dev/kvm";

/** Misc devices (major 10) and their minors: the kernel's admin-guide/devices.txt, and miscdevice.h. */
const MISC = 10;
const KVM = { path: KVM_PATH, minor: 232 };
const SEV = { path: "/dev/sev", minor: 124 };
const NITRO = { path: "/dev/nitro_enclaves", minor: 122 };
const TUN = { path: "/dev/net/tun", minor: 200 };

type Node = typeof KVM;

/** The device nodes that a microVM with these settings opens. */
export function vmDevices({ variant, network }: Pick<VmSettings, "variant" | "network">): Node[] {
  const hypervisor = variant === "aws-nitro" ? [NITRO] : variant === "sev" ? [KVM, SEV] : [KVM];
  return network?.kind === "tap" ? [...hypervisor, TUN] : hypervisor;
}

/**
 * The spec with the devices, except those that the bundle has, and with rules that allow them; these are last because later
 * rules win. The rules are needed even if the bundle has none: then everything that is not allowed is denied too.
 */
export function withDevices(spec: Spec, nodes: readonly Node[]): Spec {
  const { devices = [], resources } = spec.linux ?? {};
  const missing = nodes.filter((node) => !devices.some(({ path }) => path === node.path));
  return {
    ...spec,
    linux: {
      ...spec.linux,
      devices: [...devices, ...missing.map(toDevice)],
      resources: { ...resources, devices: [...resources?.devices ?? [], ...nodes.map(toRule)] },
    },
  };
}

/** Mode 0666: only the container's own processes see the node, and the VMM may run as any of its users. */
function toDevice({ path, minor }: Node): Device {
  return { type: "c", path, major: MISC, minor, fileMode: 0o666, uid: 0, gid: 0 };
}

function toRule({ minor }: Node): DeviceCgroup {
  return { allow: true, type: "c", major: MISC, minor, access: "rwm" };
}
