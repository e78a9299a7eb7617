/**
 * The subset of protocol buffers that criu's messages need (protobuf.dev, "Encoding"): integers, booleans, strings and
 * nested messages. The fields of each message are in rpc.ts.
 */

/** The type of a field; a list is for a repeated field. */
export type Kind = "int" | "bool" | "string" | "strings" | { readonly list: Table } | {
  readonly one: Table;
};

/** A message's fields by name, with their numbers. */
export type Table = Readonly<Record<string, readonly [number, Kind]>>;

type ValueOf<K> = K extends "int" ? number
  : K extends "bool" ? boolean
  : K extends "string" ? string
  : K extends "strings" ? readonly string[]
  : K extends { readonly list: infer T extends Table } ? readonly MessageOf<T>[]
  : K extends { readonly one: infer T extends Table } ? MessageOf<T>
  : never;

/** A message as an object; absent fields are not sent. */
export type MessageOf<T extends Table> = { readonly [Name in keyof T]?: ValueOf<T[Name][1]> };

const VARINT = 0;
const BYTES = 2;

export function encodeMessage<T extends Table>(
  table: T,
  message: MessageOf<T>,
): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  writeMessage(out, table, message);
  return Uint8Array.from(out);
}

function writeMessage(out: number[], table: Table, message: Readonly<Record<string, unknown>>) {
  for (const [name, [number, kind]] of Object.entries(table)) {
    const value = message[name];
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) writeField(out, number, kind, item);
  }
}

function writeField(out: number[], number: number, kind: Kind, value: unknown): void {
  if (kind === "int" || kind === "bool") {
    writeVarint(out, BigInt(number << 3 | VARINT));
    // A negative number is encoded as its 64-bit two's complement.
    writeVarint(out, BigInt.asUintN(64, BigInt(Number(value))));
    return;
  }
  let bytes: Iterable<number> & { readonly length: number };
  if (typeof kind === "string") bytes = new TextEncoder().encode(value as string);
  else {
    const inner: number[] = [];
    writeMessage(inner, "list" in kind ? kind.list : kind.one, value as Record<string, unknown>);
    bytes = inner;
  }
  writeVarint(out, BigInt(number << 3 | BYTES));
  writeVarint(out, BigInt(bytes.length));
  for (const byte of bytes) out.push(byte);
}

function writeVarint(out: number[], value: bigint): void {
  for (; value > 0x7fn; value >>= 7n) out.push(Number(value & 0x7fn) | 0x80);
  out.push(Number(value));
}

/**
 * The fields of `table` in the message; unknown fields are skipped.
 * @throws {Error} for an invalid message.
 */
export function decodeMessage<T extends Table>(
  table: T,
  bytes: Uint8Array<ArrayBuffer>,
): MessageOf<T> {
  const message: Record<string, unknown> = {};
  const names = new Map(Object.entries(table).map(([name, [number]]) => [number, name]));
  const reader = new Reader(bytes);
  while (reader.at < bytes.length) {
    const key = reader.varint();
    const name = names.get(Number(key >> 3n));
    const raw = reader.field(Number(key & 7n));
    if (name !== undefined) message[name] = decodeField(table[name]![1], raw);
  }
  return message as MessageOf<T>;
}

function decodeField(kind: Kind, raw: bigint | Uint8Array<ArrayBuffer>): unknown {
  if (kind === "int" && typeof raw === "bigint") return Number(BigInt.asIntN(64, raw));
  if (kind === "bool" && typeof raw === "bigint") return raw !== 0n;
  if (kind === "string" && typeof raw !== "bigint") return new TextDecoder().decode(raw);
  if (typeof kind === "object" && "one" in kind && typeof raw !== "bigint") {
    return decodeMessage(kind.one, raw);
  }
  throw malformed();
}

class Reader {
  at = 0;
  constructor(private readonly bytes: Uint8Array<ArrayBuffer>) {}

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw malformed();
  }

  field(type: number): bigint | Uint8Array<ArrayBuffer> {
    if (type === VARINT) return this.varint();
    if (type !== BYTES) throw malformed();
    const end = Number(this.varint()) + this.at;
    if (end > this.bytes.length) throw malformed();
    const start = this.at;
    this.at = end;
    return this.bytes.subarray(start, end);
  }
}

function malformed(): Error {
  return new Error("criu sent a message that violates its protocol");
}
