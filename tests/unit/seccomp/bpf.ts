/**
 * Classic BPF as the kernel runs it for seccomp(2), so that tests can ask a filter what it decides without loading it.
 * Knows the instructions that libseccomp and kago make, and throws at any other.
 */

/** struct seccomp_data, without the instruction pointer. */
export interface Call {
  /** AUDIT_ARCH_*. */
  readonly architecture: number;
  readonly number: number;
  /** Missing ones are 0. */
  readonly args?: readonly bigint[];
}

const LOAD = 0x20;
const AND = 0x54;
const JUMP = 0x05;
const RETURN = 0x06;
const CONDITIONS: Readonly<Record<number, (value: number, operand: number) => boolean>> = {
  0x15: (value, operand) => value === operand,
  0x25: (value, operand) => value > operand,
  0x35: (value, operand) => value >= operand,
  0x45: (value, operand) => (value & operand) !== 0,
};

/** What the filter returns for a call: SECCOMP_RET_* and its data. */
export function runFilter(filter: Uint8Array<ArrayBuffer>, call: Call): number {
  const data = encodeCall(call);
  const codes = new Uint16Array(filter.buffer, filter.byteOffset, filter.length / 2);
  const operands = new Uint32Array(filter.buffer, filter.byteOffset, filter.length / 4);
  let accumulator = 0;
  for (let index = 0; index * 8 < filter.length; index++) {
    const code = codes[index * 4]!;
    const operand = operands[index * 2 + 1]!;
    if (code === RETURN) return operand;
    if (code === LOAD) accumulator = data.getUint32(operand, LITTLE_ENDIAN);
    else if (code === AND) accumulator = (accumulator & operand) >>> 0;
    else if (code === JUMP) index += operand;
    else index += filter[index * 8 + (condition(code)(accumulator, operand) ? 2 : 3)]!;
  }
  throw new Error("the filter ends without a decision, which the kernel refuses");
}

function condition(code: number) {
  const found = CONDITIONS[code];
  if (!found) throw new Error(`unknown instruction 0x${code.toString(16)}`);
  return found;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** struct seccomp_data { int nr; __u32 arch; __u64 instruction_pointer; __u64 args[6]; }. */
function encodeCall({ architecture, number, args = [] }: Call): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, number, LITTLE_ENDIAN);
  view.setUint32(4, architecture, LITTLE_ENDIAN);
  args.forEach((arg, index) => view.setBigUint64(16 + 8 * index, arg, LITTLE_ENDIAN));
  return view;
}
