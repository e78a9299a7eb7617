/** Ethernet addresses of guests. Pure. */

/**
 * A locally administered address, unique to the container, derived from its id (FNV-1a, 48 bits of it).
 * @returns six bytes, in hexadecimal with colons.
 */
export function macOf(id: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(id)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  const bytes = Array.from({ length: 6 }, (_, index) => Number(hash >> BigInt(8 * index) & 0xffn));
  bytes[0] = bytes[0]! & 0xfe | 0x02;
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
