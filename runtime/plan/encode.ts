/**
 * The wire form of a plan, which the C interpreter checks and runs (helper-c/common/plan.h has the same layout in C).
 * Little-endian: header `"KGO1"`, u32 total size, u32 number of operations of each stage; then each operation as u32
 * opcode, u32 size of its fields in bytes, fields. A `str` is u32 length, bytes, NUL; `bytes` are u32 length, bytes; lists
 * are u32 count, items.
 */
import { type FieldType, type Op, type OpName, OPS, type Plan, type Stage, STAGES } from "./op.ts";

const MAGIC = 0x314f474b;

/** Opcodes by name: the position in OPS, from 1. */
export const OPCODES: Readonly<Record<OpName, number>> = Object.fromEntries(
  Object.keys(OPS).map((name, index) => [name, index + 1]),
) as Record<OpName, number>;

/**
 * Encodes the host's stages of a plan.
 * @throws {TypeError} when a string contains a NUL byte, which validation should have refused.
 */
export function encodePlan({ intermediate, init, vmm }: Plan): Uint8Array<ArrayBuffer> {
  return encodeStages({ intermediate, init, vmm });
}

/** As encodePlan(), for the plan that the agent runs. */
export function encodeGuestPlan(guest: readonly Op[]): Uint8Array<ArrayBuffer> {
  return encodeStages({ guest });
}

/** As encodePlan(), for hooks that Main runs. */
export function encodeHookPlan(hook: readonly Op[]): Uint8Array<ArrayBuffer> {
  return encodeStages({ hook });
}

function encodeStages(
  stages: { readonly [Name in Stage]?: readonly Op[] },
): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.u32(MAGIC);
  writer.u32(0);
  for (const stage of STAGES) writer.u32(stages[stage]?.length ?? 0);
  for (const stage of STAGES) {
    for (const op of stages[stage] ?? []) encodeOp(writer, op);
  }
  writer.u32At(4, writer.length);
  return writer.finish();
}

function encodeOp(writer: Writer, op: Op): void {
  writer.u32(OPCODES[op.op]);
  const sizeAt = writer.length;
  writer.u32(0);
  const fields: Readonly<Record<string, FieldType>> = OPS[op.op];
  const values = op as unknown as Readonly<Record<string, never>>;
  for (const field in fields) writer[fields[field]!](values[field]!);
  writer.u32At(sizeAt, writer.length - sizeAt - 4);
}

const encoder = new TextEncoder();

class Writer {
  #buffer = new Uint8Array(16384);
  #view = new DataView(this.#buffer.buffer);
  length = 0;

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  u64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.length, value, true);
    this.length += 8;
  }

  str(value: string): void {
    if (value.includes("\0")) {
      throw new TypeError(`string with a NUL byte: ${JSON.stringify(value)}`);
    }
    this.#reserve(5 + value.length * 3);
    const { written } = encoder.encodeInto(value, this.#buffer.subarray(this.length + 4));
    this.#view.setUint32(this.length, written, true);
    this.#buffer[this.length + 4 + written] = 0;
    this.length += 5 + written;
  }

  bytes(value: Uint8Array<ArrayBuffer>): void {
    this.u32(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.length);
    this.length += value.length;
  }

  strs(values: readonly string[]): void {
    this.u32(values.length);
    for (const value of values) this.str(value);
  }

  u32s(values: readonly number[]): void {
    this.u32(values.length);
    for (const value of values) this.u32(value);
  }

  u64s(values: readonly bigint[]): void {
    this.u32(values.length);
    for (const value of values) this.u64(value);
  }

  u32At(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.length);
  }

  #reserve(size: number): void {
    if (this.length + size <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.length + size));
    grown.set(this.#buffer.subarray(0, this.length));
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}
