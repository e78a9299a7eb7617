/**
 * A microVM's network as operations of its VMM: a card on a TAP interface or behind passt, else libkrun's impersonation
 * of sockets (TSI), or none at all where the container's network namespace has nothing but loopback. They come once the
 * engine has set up the container's network.
 */
import type { Op } from "../../runtime/plan/op.ts";
import { argument, call } from "./krun_call.ts";
import type { VmSettings } from "./settings.ts";

/**
 * virtio-net features that every backend bears (virtio 1.2, "Network Device"): checksums, TSO for IPv4 and UFO, for both
 * directions.
 */
const NET_FEATURES = [0, 1, 7, 10, 11, 14].reduce((bits, bit) => bits | (1 << bit), 0);

/** The guest is alone on its wire, so every guest may have it; crun's is the same. */
const PASST_MAC = "5a:94:ef:e4:0c:ee";

/** An older libkrun goes on with its impersonation, and finds no way out of an empty namespace either. */
function isolationOps(): readonly Op[] {
  const [disable, add] = ["krun_disable_implicit_vsock", "krun_add_vsock"] as const;
  const why = "the empty network namespace";
  return [
    { op: "krunIsolate", functions: [disable, add] },
    { ...call(disable, why), ifIsolated: 1 },
    // A vsock without impersonation.
    { ...call(add, why, argument.number(0)), ifIsolated: 1 },
  ];
}

export function networkOps({ network, portMap, ownNetwork }: VmSettings): readonly Op[] {
  const { number, text, mac, list } = argument;
  const bits = [number(NET_FEATURES), number(0)];
  const ops: Op[] = [];
  if (network?.kind === "tap") {
    const from = 'annotations["krun.tap_name"]';
    ops.push(call("krun_add_net_tap", from, text(network.name), mac(network.mac), ...bits));
  } else if (network?.kind === "passt") {
    const from = 'annotations["krun.use_passt"]';
    const socket = [argument.null, argument.passt];
    ops.push(call("krun_add_net_unixstream", from, ...socket, mac(PASST_MAC), ...bits));
  } else if (ownNetwork) ops.push(...isolationOps());
  if (portMap) {
    const from = 'annotations["krun.port_map"]';
    ops.push(call("krun_set_port_map", from, list(...portMap)));
  }
  return ops;
}
