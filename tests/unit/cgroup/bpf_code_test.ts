import { assertEquals } from "@std/assert";
import { assemble, instruction } from "../../../runtime/cgroup/bpf_code.ts";

const [JUMP, JUMP_IF_EQUAL, EXIT] = [0x05, 0x16, 0x95];

/** The offsets of a program's jumps. */
function offsets(code: Uint8Array): number[] {
  const view = new DataView(code.buffer);
  return Array.from({ length: code.length / 8 }, (_, i) => view.getInt16(8 * i + 2, true));
}

Deno.test("instruction() is a struct bpf_insn, little-endian", () => {
  assertEquals(instruction(0x61, 2, 6, 24, -2), [0x61, 0x62, 24, 0, 0xfe, 0xff, 0xff, 0xff]);
});

Deno.test("assemble() has jumps lead to the next place of their name", () => {
  const step = instruction(0xb4);
  assertEquals(
    offsets(assemble([
      { jump: JUMP_IF_EQUAL, to: "a" },
      step,
      { place: "a" },
      { jump: JUMP_IF_EQUAL, to: "a" },
      step,
      step,
      { place: "a" },
      instruction(EXIT),
    ])),
    [1, 0, 2, 0, 0, 0],
  );
});

Deno.test("assemble() leaves out what nobody comes to", () => {
  const code = assemble([
    { jump: JUMP, to: "end" },
    instruction(0xb4),
    { place: "unused" },
    { jump: JUMP_IF_EQUAL, to: "never" },
    { place: "never" },
    instruction(EXIT),
    { place: "end" },
    instruction(EXIT),
    instruction(0xb4),
  ]);
  assertEquals([...code], [...instruction(JUMP), ...instruction(EXIT)]);
});
