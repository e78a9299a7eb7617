/** Instructions of BPF programs: struct bpf_insn as bytes, and jumps by the names of places (linux/bpf.h). Pure. */

/** struct bpf_insn, little-endian: opcode, source and destination, offset, immediate. */
export function instruction(opcode: number, to = 0, from = 0, offset = 0, value = 0): number[] {
  const { buffer } = new Uint8Array(8);
  const view = new DataView(buffer);
  view.setUint8(0, opcode);
  view.setUint8(1, from << 4 | to);
  view.setInt16(2, offset, true);
  view.setInt32(4, value, true);
  return [...new Uint8Array(buffer)];
}

/** An instruction, or what is only known when all of them are there. */
export type Part =
  | readonly number[]
  /** A place that jumps lead to; it takes no room. */
  | { readonly place: string }
  /** A jump to a place farther down. */
  | {
    readonly jump: number;
    readonly to: string;
    readonly register?: number;
    readonly value?: number;
  };

/** linux/bpf.h: BPF_JMP with BPF_JA and BPF_EXIT, behind which nobody goes on. */
const [JUMP, EXIT] = [0x05, 0x95];

/** The program; a jump leads to the next place of its name. What nobody comes to is left out: the verifier refuses it. */
export function assemble(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  return bytesOf([...reached(parts)]);
}

function* reached(parts: readonly Part[]): Generator<Part> {
  const wanted = new Set<string>();
  let isReached = true;
  for (const part of parts) {
    if ("place" in part) isReached = wanted.delete(part.place) || isReached;
    if (!isReached) continue;
    yield part;
    if ("jump" in part) wanted.add(part.to);
    const opcode = "jump" in part ? part.jump : "place" in part ? undefined : part.at(-8);
    isReached = opcode !== JUMP && opcode !== EXIT;
  }
}

function bytesOf(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const next = new Map<string, number>();
  const code: (readonly number[])[] = [];
  // From its end, where the places are known that jumps lead to.
  let length = 0;
  for (const part of parts.toReversed()) {
    if ("place" in part) {
      next.set(part.place, length);
      continue;
    }
    const bytes = "jump" in part
      ? instruction(part.jump, part.register, 0, length - next.get(part.to)!, part.value)
      : part;
    code.push(bytes);
    length += bytes.length / 8;
  }
  return Uint8Array.from(code.toReversed().flat());
}
