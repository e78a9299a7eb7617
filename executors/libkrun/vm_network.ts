/**
 * How a guest reaches the network: through a card that passt or a TAP interface serves, through libkrun's socket
 * impersonation (TSI), or not at all where the container's network namespace has nothing but loopback.
 */
import type { Vm } from "./configure_vm.ts";
import type { VmSettings } from "./settings.ts";

/**
 * virtio-net features that every backend bears (virtio 1.2, "Network Device"): checksums, TSO for IPv4 and UFO, for both
 * directions.
 */
const NET_FEATURES = [0, 1, 7, 10, 11, 14].reduce((bits, bit) => bits | (1 << bit), 0);

/** The guest is alone on its wire, so every guest may have it; crun's is the same. */
const PASST_MAC = "5a:94:ef:e4:0c:ee";

/** Tells libkrun of the network; called once the engine has set up the container's. */
export function configureNetwork(vm: Vm, settings: VmSettings): void {
  const { libkrun: { extras }, context } = vm;
  const { network, portMap } = settings;
  if (network?.kind === "tap") {
    const { name, mac } = network;
    const from = 'annotations["krun.tap_name"]';
    extras.call("krun_add_net_tap", from, context, name, macBytes(mac), NET_FEATURES, 0);
  } else if (vm.passt !== undefined) {
    const from = 'annotations["krun.use_passt"]';
    const mac = macBytes(PASST_MAC);
    const none = null;
    extras.call("krun_add_net_unixstream", from, context, none, vm.passt, mac, NET_FEATURES, 0);
  } else if (settings.ownNetwork && !hasNetwork()) disableTsi(vm);
  if (portMap) {
    extras.call("krun_set_port_map", 'annotations["krun.port_map"]', context, portMap);
  }
}

/** Is there an address beyond loopback in this process's network namespace? */
function hasNetwork(): boolean {
  return Deno.networkInterfaces().some(({ name }) => name !== "lo");
}

/** A vsock without impersonation. An older libkrun goes on with it, and finds no way out either. */
function disableTsi({ libkrun: { extras }, context }: Vm): void {
  if (!extras.has("krun_add_vsock")) return;
  const from = "the empty network namespace";
  extras.call("krun_disable_implicit_vsock", from, context);
  extras.call("krun_add_vsock", from, context, 0);
}

function macBytes(mac: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(mac.split(":"), (hex) => parseInt(hex, 16));
}
