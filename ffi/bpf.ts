/** bpf(2), called by the shim. */
import { call } from "./shim_call.ts";

/**
 * A union bpf_attr, followed by the data to which its addresses point. Both are one buffer, so the data exists for the
 * whole call.
 */
export class BpfAttributes {
  /** The part of the union that is used; the kernel takes the rest as zero. */
  static readonly SIZE = 72;

  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The data after the attributes. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  /**
   * @param numbers the first fields, 32 bits each.
   * @param room bytes of `data`.
   */
  constructor(numbers: readonly number[], room = 0) {
    this.bytes = new Uint8Array(new ArrayBuffer(BpfAttributes.SIZE + room));
    this.data = this.bytes.subarray(BpfAttributes.SIZE);
    this.#view = new DataView(this.bytes.buffer);
    numbers.forEach((number, i) => this.setNumber(4 * i, number));
  }

  number(at: number): number {
    return this.#view.getUint32(at, true);
  }

  setNumber(at: number, number: number): void {
    this.#view.setUint32(at, number, true);
  }

  clearAddress(at: number): void {
    this.#view.setBigUint64(at, 0n, true);
  }

  /** Makes the field at offset `at`, in the attributes or in the data, point to `data[offset]`. */
  setAddress(at: number, offset: number): void {
    const start = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.bytes.buffer)));
    this.#view.setBigUint64(at, start + BigInt(BpfAttributes.SIZE + offset), true);
  }
}

/** The command's result, which may be a descriptor, or -errno. */
export function bpf(command: number, { bytes }: BpfAttributes): number {
  return call("bpf", [command, BpfAttributes.SIZE], bytes);
}
