/** Instructions of BPF programs: struct bpf_insn as bytes, and jumps to named places (linux/bpf.h). Pure. */

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

/** An instruction, or a part that can only be assembled when all are known. */
export type Part =
  | readonly number[]
  /** A label, the target of jumps; it takes no space. */
  | { readonly place: string }
  /** A forward jump to a label. */
  | {
    readonly jump: number;
    readonly to: string;
    readonly register?: number;
    readonly value?: number;
  };

/** linux/bpf.h: BPF_JMP with BPF_JA and BPF_EXIT, which never continue with the next instruction. */
const [JUMP, EXIT] = [0x05, 0x95];

/** The program; a jump leads to the next label of its name. Unreachable code is left out: the verifier refuses it. */
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
  // Backwards, so that the targets of jumps are known.
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
