/** The refusals of a container's egress rules, from the map that the programs write (egress_program.ts). Pure. */
import { formatIpAddress, type IpAddress, unmapped } from "../../common/ip_address.ts";

export interface Refusal {
  /** The destination, as an entry of a list that would allow it; or what else was refused. */
  readonly what: string;
  readonly count: number;
}

const PROTOCOLS: Readonly<Record<number, string>> = { 6: "tcp", 17: "udp" };
/** socket(2). */
const TYPES: Readonly<Record<number, string>> = { 1: "stream", 2: "datagram", 3: "raw" };

/** @param key of the map: REFUSAL.keySize bytes. */
export function refusalOf(key: Uint8Array<ArrayBuffer>, count: number): Refusal {
  const view = new DataView(key.buffer, key.byteOffset);
  const [type, protocol] = [view.getUint32(16, true), view.getUint32(20, true)];
  return { what: wordsOf(key.slice(0, 16), view.getUint16(16), type, protocol), count };
}

function wordsOf(address: IpAddress, port: number, type: number, protocol: number): string {
  if (address.every((byte) => byte === 0xff)) {
    if (type === 0) return "packets whose route the sender has chosen";
    return `${TYPES[type] ?? `type ${type}`} sockets of protocol ${protocol}`;
  }
  // The key that is used when the map is full.
  if (protocol === 0) return "others";
  const real = unmapped(address) ?? address;
  const host = real.length === 4 ? formatIpAddress(real) : `[${formatIpAddress(real)}]`;
  return `${host}:${port}/${PROTOCOLS[protocol] ?? protocol}`;
}
