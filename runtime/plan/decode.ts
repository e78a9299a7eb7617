/** Decodes an operation from its wire form (encode.ts), for messages about an operation whose plan is not available. */
import { type FieldType, type Op, type OpName, OPS } from "./op.ts";

/**
 * The operation that these bytes begin with; fields that are cut off are empty.
 * @returns undefined for an unknown opcode.
 */
export function decodeOp(bytes: Uint8Array<ArrayBuffer>): Op | undefined {
  const reader = new Reader(bytes);
  const name = (Object.keys(OPS) as OpName[])[reader.u32() - 1];
  if (!name) return undefined;
  reader.u32();
  const fields = Object.entries(OPS[name]) as [string, FieldType][];
  const values = fields.map(([field, type]) => [field, reader[type]()]);
  return { op: name, ...Object.fromEntries(values) } as Op;
}

const decoder = new TextDecoder();

class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(private readonly all: Uint8Array<ArrayBuffer>) {
    this.#view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  }

  u32(): number {
    const at = this.#skip(4);
    return this.#at <= this.all.length ? this.#view.getUint32(at, true) : 0;
  }

  u64(): bigint {
    const at = this.#skip(8);
    return this.#at <= this.all.length ? this.#view.getBigUint64(at, true) : 0n;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const length = this.u32();
    const at = this.#skip(length);
    return this.all.subarray(at, at + length);
  }

  str(): string {
    const text = decoder.decode(this.bytes());
    this.#skip(1);
    return text;
  }

  strs(): string[] {
    return this.#list(() => this.str());
  }

  u32s(): number[] {
    return this.#list(() => this.u32());
  }

  u64s(): bigint[] {
    return this.#list(() => this.u64());
  }

  #list<T>(item: () => T): T[] {
    const items: T[] = [];
    for (let left = this.u32(); left > 0 && this.#at < this.all.length; left--) items.push(item());
    return items;
  }

  /** Returns the offset before the skip. */
  #skip(length: number): number {
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
