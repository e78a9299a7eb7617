/**
 * The address that a guest behind passt gets: the container's own, so that it is what the engine tells of the container.
 */

/** For the agent (helper-c/agent/network.c): `ADDRESS/PREFIX GATEWAY`. */
export function readGuestAddress(): string | undefined {
  return guestAddress(Deno.readTextFileSync("/proc/net/route"), Deno.networkInterfaces());
}

/**
 * As passt chooses: the IPv4 address of the interface with the default route. Undefined when there is none; the guest
 * may still have IPv6, by passt's router advertisements.
 * @param routes the text of /proc/net/route (proc_pid_net(5)): numbers in hexadecimal, the network's bytes reversed.
 */
export function guestAddress(
  routes: string,
  interfaces: readonly Pick<Deno.NetworkInterfaceInfo, "name" | "family" | "address" | "netmask">[],
): string | undefined {
  const [name, , gateway] = routes.split("\n").map((line) => line.split("\t"))
    .find(([, destination, , , , , , mask]) => destination === ZERO && mask === ZERO) ?? [];
  const own = interfaces.find((one) => one.name === name && one.family === "IPv4");
  if (!gateway || !own) return undefined;
  return `${own.address}/${prefixOf(own.netmask)} ${dotted(gateway)}`;
}

const ZERO = "00000000";

function dotted(reversed: string): string {
  return reversed.match(/../g)!.map((hex) => parseInt(hex, 16)).reverse().join(".");
}

function prefixOf(netmask: string): number {
  const bits = netmask.split(".").map((part) => Number(part).toString(2)).join("");
  return bits.replaceAll("0", "").length;
}
