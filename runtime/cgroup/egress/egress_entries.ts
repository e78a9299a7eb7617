/** Parses `run.kago.egress` into entries, before names are resolved. Pure. */
import { SpecError } from "../../common/errors.ts";
import { type IpAddress, parseIpAddress, unmapped } from "../../common/ip_address.ts";
import { quoted } from "../../common/quoted.ts";
import type { EgressList } from "../../egress_lists.ts";

export type EgressProtocol = "tcp" | "udp";

/** Both ends are inclusive. */
export type PortRange = readonly [first: number, last: number];

/** The common part of an entry and a rule; absent means any. */
export interface EgressPorts {
  readonly ports?: PortRange;
  readonly protocol?: EgressProtocol;
}

/** A prefix of addresses. */
export interface Network {
  /** Zeros after the first `bits`. */
  readonly address: IpAddress;
  readonly bits: number;
}

/** The destination: a network, a name to be resolved, the container's name servers, or any. */
export type EgressTarget =
  | { readonly kind: "network"; readonly network: Network }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "dns" | "any" };

export interface EgressEntry extends EgressPorts {
  readonly target: EgressTarget;
  /** The original text. */
  readonly text: string;
}

/** Maximum entries of one list, which may come from an image. */
export const MAX_ENTRIES = 256;

const FORM = "an address, a CIDR block, a host name, dns or *, then :PORT or :FIRST-LAST, then " +
  "/tcp or /udp, the last two if wanted; an IPv6 address with ports in brackets";

/**
 * Entries are separated by blanks or by commas, where podman's --annotation splits; an empty text has none.
 * @throws {SpecError} with the valid forms of an entry.
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

/** More than one colon without brackets: an IPv6 address. */
function splitPorts(text: string): { host: string; ports?: string | undefined } {
  const bracketed = /^\[([^[\]]+)\](?::(.*))?$/.exec(text);
  if (bracketed) {
    const [, host = "", ports] = bracketed;
    // Only IPv6 addresses may be in brackets.
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

/** Letters, digits, hyphens and underscores; the last label has a letter, otherwise it would be an invalid address. */
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

/** Connections to IPv4-mapped addresses are checked as IPv4. */
function withoutMapping(network: Network): Network {
  const ipv4 = network.bits >= 96 ? unmapped(network.address) : undefined;
  return ipv4 ? { address: ipv4, bits: network.bits - 96 } : network;
}

/** The byte with this index of a mask with this number of bits. */
export function maskByte(bits: number, index: number): number {
  const own = Math.max(0, Math.min(8, bits - 8 * index));
  return (0xff << (8 - own)) & 0xff;
}
