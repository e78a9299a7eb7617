/** The list of `run.kago.egress` as its entries: what the text says, before names are looked up. Pure. */
import { SpecError } from "../../common/errors.ts";
import { type IpAddress, parseIpAddress, unmapped } from "../../common/ip_address.ts";
import { quoted } from "../../common/quoted.ts";
import type { EgressList } from "../../egress_lists.ts";

export type EgressProtocol = "tcp" | "udp";

/** Both ends are included. */
export type PortRange = readonly [first: number, last: number];

/** What an entry and a rule have in common; absent is any. */
export interface EgressPorts {
  readonly ports?: PortRange;
  readonly protocol?: EgressProtocol;
}

/** Addresses by their first bits. */
export interface Network {
  /** Zeros after its first `bits`. */
  readonly address: IpAddress;
  readonly bits: number;
}

/** To whom: a network, a name that is looked up, the container's name servers, or everybody. */
export type EgressTarget =
  | { readonly kind: "network"; readonly network: Network }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "dns" | "any" };

export interface EgressEntry extends EgressPorts {
  readonly target: EgressTarget;
  /** As it was written. */
  readonly text: string;
}

/** Entries of one list; an image may have written it. */
export const MAX_ENTRIES = 256;

const FORM = "an address, a CIDR block, a host name, dns or *, then :PORT or :FIRST-LAST, then " +
  "/tcp or /udp, the last two if wanted; an IPv6 address with ports in brackets";

/**
 * Entries are parted by blanks or by commas, at which podman's --annotation parts annotations; an empty text has none.
 * @throws {SpecError} with what an entry must be.
 */
export function parseEgress({ from, text }: EgressList): EgressEntry[] {
  if (text.trim() === "") return [];
  const items = text.trim().split(/\s*,\s*|\s+/);
  if (items.length > MAX_ENTRIES) {
    throw new SpecError(from, `has ${items.length} entries, at most ${MAX_ENTRIES} are possible`);
  }
  return items.map((item) => parseEntry(item, from));
}

function parseEntry(text: string, from: string): EgressEntry {
  const [, rest = "", protocol] = /^(.*?)(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const { host, ports: portText } = splitPorts(rest);
  const ports = portText === undefined ? undefined : parsePorts(portText);
  const target = text === "" || portText !== undefined && !ports
    ? undefined
    : parseTarget(host, text, from);
  if (!target) throw new SpecError(from, `has the entry ${quoted(text)}, must be ${FORM}`);
  return {
    target,
    ...(ports ? { ports } : {}),
    ...(protocol ? { protocol: protocol as EgressProtocol } : {}),
    text,
  };
}

/** More than one colon without brackets are an IPv6 address's. */
function splitPorts(text: string): { host: string; ports?: string | undefined } {
  const bracketed = /^\[([^[\]]+)\](?::(.*))?$/.exec(text);
  if (bracketed) {
    const [, host = "", ports] = bracketed;
    // In brackets there is nothing else.
    return { host: host.includes(":") ? host : "[", ports };
  }
  const [host = "", ports, more] = text.split(":");
  return more === undefined ? { host, ports } : { host: text };
}

function parsePorts(text: string): PortRange | undefined {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const range: PortRange = [Number(first), Number(last)];
  return range[0] >= 1 && range[0] <= range[1] && range[1] <= 65535 ? range : undefined;
}

/** Letters, digits, hyphens and underlines; the last part has a letter, or it would be an address that is none. */
function isName(host: string): boolean {
  const parts = host.replace(/\.$/, "").split(".");
  return host.length <= 253 && /[a-z_]/i.test(parts.at(-1)!) &&
    parts.every((part) => /^[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?$/i.test(part));
}

function parseTarget(host: string, text: string, from: string): EgressTarget | undefined {
  if (host === "*" || host === "" && text.startsWith(":")) return { kind: "any" };
  if (host === "dns") return { kind: "dns" };
  const [address = "", bits, more] = host.split("/");
  if (more !== undefined) return undefined;
  const parsed = parseIpAddress(address);
  if (parsed) return networkTarget(parsed, bits, text, from);
  return bits === undefined && isName(host) ? { kind: "name", name: host } : undefined;
}

function networkTarget(
  address: IpAddress,
  bitsText: string | undefined,
  text: string,
  from: string,
): EgressTarget | undefined {
  const most = address.length * 8;
  if (bitsText !== undefined && !/^\d{1,3}$/.test(bitsText)) return undefined;
  const bits = bitsText === undefined ? most : Number(bitsText);
  if (bits > most) return undefined;
  const beyond = address.findIndex((byte, i) => (byte & ~maskByte(bits, i)) !== 0);
  if (beyond >= 0) {
    throw new SpecError(
      from,
      `has the entry ${
        quoted(text)
      }, whose address has bits set after the first ${bits}: write zeros there`,
    );
  }
  return { kind: "network", network: withoutMapping({ address, bits }) };
}

/** Connections to IPv4-mapped addresses are looked at as those to IPv4 that they are. */
function withoutMapping(network: Network): Network {
  const ipv4 = network.bits >= 96 ? unmapped(network.address) : undefined;
  return ipv4 ? { address: ipv4, bits: network.bits - 96 } : network;
}

/** Of a mask with so many bits, the byte with this index. */
export function maskByte(bits: number, index: number): number {
  const own = Math.max(0, Math.min(8, bits - 8 * index));
  return (0xff << (8 - own)) & 0xff;
}
