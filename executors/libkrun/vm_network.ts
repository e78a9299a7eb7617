/**
 * A microVM's network as operations of its VMM: a card on a TAP interface or behind passt, else libkrun's impersonation of
 * sockets (TSI), or no network if the container's network namespace has only loopback. They run after the engine has set up
 * the container's network.
 */
import { CALLED_IF, type Op } from "../../runtime/plan/op.ts";
import { type Argument, argument, call } from "./krun_call.ts";
import { passtPlace, type VmSettings } from "./settings/settings.ts";

/**
 * virtio-net features that every backend supports (virtio 1.2, "Network Device"): checksums, TSO for IPv4 and UFO, for both
 * directions.
 */
export const NET_FEATURES = [0, 1, 7, 10, 11, 14].reduce((bits, bit) => bits | (1 << bit), 0);

/** The guest is alone on its link, so all guests have the same address; crun uses the same. */
export const PASST_MAC = argument.mac("5a:94:ef:e4:0c:ee");

const [DISABLE, ADD] = ["krun_disable_implicit_vsock", "krun_add_vsock"] as const;

/** A vsock without impersonation. */
const WITHOUT_TSI = argument.number(0);

/** An older libkrun keeps its impersonation, which cannot leave an empty namespace either. */
function isolationOps(): readonly Op[] {
  const why = "the empty network namespace";
  return [
    { op: "krunIsolate", functions: [DISABLE, ADD] },
    { ...call(DISABLE, why), ifIsolated: CALLED_IF.isolated },
    { ...call(ADD, why, WITHOUT_TSI), ifIsolated: CALLED_IF.isolated },
  ];
}

/** For the administrator's passt, which krunPasst does not start in an empty namespace. */
function passtOps(byFile: string | undefined, bits: readonly Argument[]): readonly Op[] {
  const from = passtPlace(byFile);
  const card = call(
    "krun_add_net_unixstream",
    from,
    argument.null,
    argument.passt,
    PASST_MAC,
    ...bits,
  );
  if (byFile === undefined) return [card];
  return [
    { ...card, ifIsolated: CALLED_IF.connected },
    { ...call(DISABLE, from), ifIsolated: CALLED_IF.isolated },
    { ...call(ADD, from, WITHOUT_TSI), ifIsolated: CALLED_IF.isolated },
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
    ops.push(...passtOps(network.byFile, bits));
  } else if (network?.kind === "none") {
    const { byFile } = network;
    ops.push(call(DISABLE, byFile), call(ADD, byFile, WITHOUT_TSI));
  } else if (ownNetwork) ops.push(...isolationOps());
  if (portMap) {
    const from = 'annotations["krun.port_map"]';
    ops.push(call("krun_set_port_map", from, list(...portMap)));
  }
  return ops;
}
