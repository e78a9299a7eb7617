/** IPv4 and IPv6 addresses as text and as bytes (RFC 4291, 2.2; RFC 5952 for output). Pure. */

/** Four bytes, or sixteen. */
export type IpAddress = Uint8Array<ArrayBuffer>;

/** The offset of the IPv4 address in an IPv4-mapped IPv6 address, and its prefix (RFC 4291, 2.5.5.2). */
const MAPPED = { at: 12, prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] } as const;

/** Undefined for an invalid text; an interface name (`%eth0`) is not accepted. */
export function parseIpAddress(text: string): IpAddress | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** No leading zeros, which some programs read as octal. */
function parseIpv4(text: string): IpAddress | undefined {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) ? Uint8Array.from(bytes) : undefined;
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [before, after] = halves.map((half, index) =>
    half === "" ? [] : bytesOfGroups(half.split(":"), index === halves.length - 1)
  );
  if (!before || halves.length === 2 && !after) return undefined;
  const missing = 16 - before.length - (after?.length ?? 0);
  // `::` replaces at least one group.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Uint8Array.from([...before, ...new Array(missing).fill(0), ...after ?? []]);
}

/** @param mayEndInIpv4 whether these are the last groups. */
function bytesOfGroups(groups: readonly string[], mayEndInIpv4: boolean): number[] | undefined {
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const number = parseInt(group, 16);
      bytes.push(number >> 8, number & 0xff);
      continue;
    }
    const ipv4 = mayEndInIpv4 && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (!ipv4) return undefined;
    bytes.push(...ipv4);
  }
  return bytes;
}

export function formatIpAddress(address: IpAddress): string {
  if (address.length === 4) return address.join(".");
  const view = new DataView(address.buffer, address.byteOffset);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  const zeros = [...`${groups.join(":")}:`.matchAll(/(?<![0-9a-f])(0:){2,}/g)]
    .toSorted((a, b) => b[0].length - a[0].length)[0];
  if (!zeros) return groups.join(":");
  const whole = `${groups.join(":")}:`;
  const before = whole.slice(0, zeros.index);
  const after = whole.slice(zeros.index + zeros[0].length, -1);
  return `${before.slice(0, -1)}::${after}`;
}

/** The IPv4 address in an IPv4-mapped one; undefined for any other. */
export function unmapped(address: IpAddress): IpAddress | undefined {
  if (address.length !== 16) return undefined;
  return MAPPED.prefix.every((byte, i) => address[i] === byte)
    ? address.slice(MAPPED.at)
    : undefined;
}
