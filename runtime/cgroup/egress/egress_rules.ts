/**
 * Converts entries to rules: names are resolved on the host, once, and `dns` and `*` become addresses. Separate lists, each
 * of which must allow a connection, stay separate.
 */
import { HostError, SpecError } from "../../common/errors.ts";
import {
  formatIpAddress,
  type IpAddress,
  parseIpAddress,
  unmapped,
} from "../../common/ip_address.ts";
import { quoted } from "../../common/quoted.ts";
import type { EgressList } from "../../egress_lists.ts";
import { type EgressEntry, type EgressPorts, type Network, parseEgress } from "./egress_entries.ts";

/** Allows TCP connections and UDP datagrams. */
export interface EgressRule extends EgressPorts {
  /** Absent: all addresses. */
  readonly network?: Network;
}

/** Rules of which at least one must allow a connection. */
export interface EgressRules {
  readonly from: string;
  readonly rules: readonly EgressRule[];
}

/** The required facts about the host and the container. */
export interface EgressWorld {
  /** Has the container its own network namespace, and so its own loopback? */
  readonly ownLoopback: boolean;
  /** The text of the resolv.conf that the container sees. */
  readonly resolvConf: () => string;
  /** The addresses of a name; empty if it has none. */
  readonly lookUp: (name: string) => Promise<readonly string[]>;
}

/** A rule takes some twenty instructions, and a jump in a program spans at most 32767 of them. */
export const MAX_RULES = 512;

/** 0.0.0.0 and :: connect to loopback (ip(7), ipv6(7)). */
const LOOPBACK = ["127.0.0.0/8", "0.0.0.0", "::1", "::"].join(",");

/**
 * @throws {SpecError} for a list that is malformed, or has too many addresses.
 * @throws {HostError} for a name that cannot be resolved.
 */
export async function egressRules(
  lists: readonly EgressList[],
  world: EgressWorld,
): Promise<EgressRules[]> {
  const loopback = world.ownLoopback ? parseEgress({ from: "", text: LOOPBACK }) : [];
  return await Promise.all(lists.map(async (list) => {
    const entries = [...parseEgress(list), ...loopback];
    const rules = (await Promise.all(entries.map((entry) => rulesOf(entry, list.from, world))))
      .flat();
    if (rules.length <= MAX_RULES) return { from: list.from, rules };
    throw new SpecError(
      list.from,
      `has ${rules.length} rules after its names have been looked up, at most ${MAX_RULES} are possible: ` +
        "list CIDR blocks instead",
    );
  }));
}

async function rulesOf(
  { target, ports, protocol, text }: EgressEntry,
  from: string,
  world: EgressWorld,
): Promise<EgressRule[]> {
  const rest = { ...(ports ? { ports } : {}), ...(protocol ? { protocol } : {}) };
  switch (target.kind) {
    case "any":
      return [rest];
    case "network":
      return [{ network: target.network, ...rest }];
    case "dns":
      return nameServers(world.resolvConf(), from)
        .map((address) => ({ network: single(address), ports: [53, 53], ...rest }));
    case "name": {
      const addresses = (await world.lookUp(target.name)).flatMap((one) => {
        const address = parseIpAddress(one);
        return address ? [address] : [];
      });
      if (addresses.length > 0) {
        return addresses.map((address) => ({ network: single(address), ...rest }));
      }
      throw new HostError(
        `${from}: the host name in ${quoted(text)} has no address`,
        "correct it, or list addresses",
      );
    }
  }
}

function single(address: IpAddress): Network {
  const real = unmapped(address) ?? address;
  return { address: real, bits: 8 * real.length };
}

/** Resolvers use the first three (resolv.conf(5)). */
function nameServers(resolvConf: string, from: string): IpAddress[] {
  const servers = [...resolvConf.matchAll(/^nameserver[ \t]+(\S+)/gm)].flatMap(([, text]) => {
    // The interface's name after a link-local address is ignored.
    const address = parseIpAddress(text!.split("%")[0]!);
    return address ? [address] : [];
  });
  if (servers.length > 0) return servers.slice(0, 3);
  throw new HostError(
    `${from}: dns stands for the name servers of the container's /etc/resolv.conf, which names none`,
    "list their addresses",
  );
}

/** In the syntax of a list: for `plan`, `--debug` and messages. */
export function formatRule({ network, ports, protocol }: EgressRule): string {
  const host = network ? formatNetwork(network, ports !== undefined) : "*";
  const range = ports && (ports[0] === ports[1] ? `:${ports[0]}` : `:${ports.join("-")}`);
  return `${host}${range ?? ""}${protocol ? `/${protocol}` : ""}`;
}

function formatNetwork({ address, bits }: Network, withPorts: boolean): string {
  const text = formatIpAddress(address) + (bits === 8 * address.length ? "" : `/${bits}`);
  return withPorts && address.length === 16 ? `[${text}]` : text;
}
