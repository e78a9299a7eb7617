/**
 * Encodes and decodes the messages of rtnetlink(7) about interfaces and their addresses, in little-endian, the byte order
 * of all architectures that kago supports. Pure; net_socket.ts sends them.
 */
import { EIO } from "../common/errno.ts";
import { given } from "../common/given.ts";

// linux/netlink.h
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_EXCL = 0x200;
const NLM_F_DUMP = 0x300;
const NLM_F_CREATE = 0x400;
const MESSAGE_HEADER = 16;
const ATTRIBUTE_HEADER = 4;

// linux/rtnetlink.h, linux/if_link.h
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const IFLA = { name: 3, namespace: 28 } as const;
const IFF_UP = 1;
const SCOPE_UNIVERSE = 0;

// linux/if_addr.h
const IFA = { address: 1, local: 2, broadcast: 4, flags: 8, metric: 9 } as const;
const PERMANENT = 0x80;
/** nodad, home, mngtmpaddr, noprefixroute, autojoin: flags that are configured, not the state of the address. */
const KEPT_FLAGS = 0x02 | 0x10 | 0x100 | 0x200 | 0x400;

/** An attribute's type and value. */
type Attribute = readonly [type: number, value: Uint8Array];

export interface Message {
  readonly type: number;
  /** The fixed part, and the attributes. */
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface Link {
  readonly index: number;
  readonly up: boolean;
}

/** An address with all that is needed to add it again. */
export interface Address {
  readonly family: number;
  readonly prefix: number;
  readonly flags: number;
  readonly metric: number;
  readonly local?: Uint8Array;
  /** The other end of a point-to-point link; equal to `local` on others. */
  readonly peer?: Uint8Array;
  readonly broadcast?: Uint8Array;
}

/** Asks for the interface of this name. */
export function linkQuery(name: string): Uint8Array<ArrayBuffer> {
  return request(RTM_GETLINK, 0, linkHeader(0), [[IFLA.name, text(name)]]);
}

/** Sets an interface up or down. */
export function upRequest(index: number, up: boolean): Uint8Array<ArrayBuffer> {
  return request(RTM_NEWLINK, 0, linkHeader(index, up ? IFF_UP : 0, IFF_UP), []);
}

/** Moves an interface into the network namespace with the descriptor `ns`, under this name. */
export function moveRequest(index: number, ns: number, name: string): Uint8Array<ArrayBuffer> {
  const attributes: Attribute[] = [[IFLA.name, text(name)], [IFLA.namespace, number(ns)]];
  return request(RTM_NEWLINK, 0, linkHeader(index), attributes);
}

/** Asks for the addresses of all interfaces. */
export function addressQuery(): Uint8Array<ArrayBuffer> {
  return request(RTM_GETADDR, NLM_F_DUMP, new Uint8Array(8), []);
}

/** Adds an address to an interface. */
export function addressRequest(index: number, address: Address): Uint8Array<ArrayBuffer> {
  const { family, prefix, local, peer, broadcast, metric } = address;
  const flags = address.flags & KEPT_FLAGS;
  const header = new Uint8Array(8);
  header.set([family, prefix]);
  header.set(number(index), 4);
  const attributes: Attribute[] = [];
  if (local) attributes.push([IFA.local, local]);
  if (peer) attributes.push([IFA.address, peer]);
  if (broadcast) attributes.push([IFA.broadcast, broadcast]);
  if (flags) attributes.push([IFA.flags, number(flags)]);
  if (metric) attributes.push([IFA.metric, number(metric)]);
  return request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header, attributes);
}

/** The messages of a datagram; a truncated one is left out. */
export function messagesOf(datagram: Uint8Array<ArrayBuffer>): Message[] {
  const view = viewOf(datagram);
  const messages: Message[] = [];
  for (let at = 0; at + MESSAGE_HEADER <= datagram.length;) {
    const length = view.getUint32(at, true);
    if (length < MESSAGE_HEADER || at + length > datagram.length) break;
    const body = datagram.subarray(at + MESSAGE_HEADER, at + length);
    messages.push({ type: view.getUint16(at + 4, true), body });
    at += aligned(length);
  }
  return messages;
}

/** The errno or 0 of a message that ends an answer (acknowledgement, or end of a list), else undefined. */
export function endOf({ type, body }: Message): number | undefined {
  if (type !== NLMSG_ERROR && type !== NLMSG_DONE) return undefined;
  if (body.length >= 4) return -viewOf(body).getInt32(0, true);
  return type === NLMSG_DONE ? 0 : EIO;
}

/** struct ifinfomsg */
export function readLink({ body }: Message): Link {
  const view = viewOf(body);
  return { index: view.getInt32(4, true), up: (view.getUint32(8, true) & IFF_UP) !== 0 };
}

/** The address in a message, if it is a permanent one of global scope of this interface (struct ifaddrmsg). */
export function readAddress({ body }: Message, index: number): Address | undefined {
  const scope = body[3];
  if (viewOf(body).getUint32(4, true) !== index || scope !== SCOPE_UNIVERSE) return undefined;
  const attributes = attributesOf(body.subarray(8));
  const numberOf = (type: number) => {
    const value = attributes.get(type);
    return value && viewOf(value).getUint32(0, true);
  };
  const flags = numberOf(IFA.flags) ?? body[2]!;
  if ((flags & PERMANENT) === 0) return undefined;
  return {
    family: body[0]!,
    prefix: body[1]!,
    flags,
    metric: numberOf(IFA.metric) ?? 0,
    ...given({
      local: attributes.get(IFA.local),
      peer: attributes.get(IFA.address),
      broadcast: attributes.get(IFA.broadcast),
    }),
  };
}

/** `10.0.0.1/24` or `fd00::1/64`, the address as inet_ntop(3) writes it. */
export function formatAddress({ local, peer, prefix }: Address): string {
  const bytes = local ?? peer ?? new Uint8Array();
  return `${bytes.length === 16 ? formatInet6(bytes) : bytes.join(".")}/${prefix}`;
}

function formatInet6(bytes: Uint8Array): string {
  const view = viewOf(bytes);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  const short = new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
  // An IPv4-mapped address ends like that.
  const mapped = /^::(ffff:)?[^:]+:[^:]+$/.exec(short);
  return mapped ? `::${mapped[1] ?? ""}${bytes.subarray(12).join(".")}` : short;
}

function request(
  type: number,
  flags: number,
  header: Uint8Array,
  attributes: readonly Attribute[],
): Uint8Array<ArrayBuffer> {
  const start = MESSAGE_HEADER + header.length;
  const size = attributes.reduce(
    (at, [, value]) => aligned(at) + ATTRIBUTE_HEADER + value.length,
    start,
  );
  const bytes = new Uint8Array(size);
  const view = viewOf(bytes);
  view.setUint32(0, size, true);
  view.setUint16(4, type, true);
  view.setUint16(6, NLM_F_REQUEST | NLM_F_ACK | flags, true);
  bytes.set(header, MESSAGE_HEADER);
  let at = start;
  for (const [type, value] of attributes) {
    at = aligned(at);
    view.setUint16(at, ATTRIBUTE_HEADER + value.length, true);
    view.setUint16(at + 2, type, true);
    bytes.set(value, at + ATTRIBUTE_HEADER);
    at += ATTRIBUTE_HEADER + value.length;
  }
  return bytes;
}

function attributesOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = viewOf(bytes);
  const attributes = new Map<number, Uint8Array>();
  for (let at = 0; at + ATTRIBUTE_HEADER <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER || at + length > bytes.length) break;
    attributes.set(
      view.getUint16(at + 2, true),
      bytes.subarray(at + ATTRIBUTE_HEADER, at + length),
    );
    at += aligned(length);
  }
  return attributes;
}

/** struct ifinfomsg */
function linkHeader(index: number, flags = 0, change = 0): Uint8Array {
  return new Uint8Array(Int32Array.of(0, index, flags, change).buffer);
}

function number(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

function aligned(size: number): number {
  return (size + 3) & ~3;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
