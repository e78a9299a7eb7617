import { assertEquals } from "@std/assert";
import { decodeOp } from "../../../runtime/plan/decode.ts";
import { encodeGuestPlan } from "../../../runtime/plan/encode.ts";
import { type FieldType, type Op, type OpName, OPS } from "../../../runtime/plan/op.ts";

/** Behind the header of a plan. */
function encoded(op: Op): Uint8Array<ArrayBuffer> {
  return encodeGuestPlan([op]).slice(28);
}

const SAMPLES: Readonly<Record<FieldType, unknown>> = {
  u32: 7,
  u64: 2n ** 64n - 7n,
  str: "text ü",
  bytes: Uint8Array.of(1, 0, 2),
  strs: ["", "two"],
  u32s: [1, 2 ** 32 - 1],
  u64s: [0n, 2n ** 63n],
};

Deno.test("decodeOp() gives back every operation that encodePlan() has written", () => {
  for (const op of Object.keys(OPS) as OpName[]) {
    const fields = Object.entries(OPS[op]).map((
      [name, type],
    ) => [name, SAMPLES[type as FieldType]]);
    const whole = { op, ...Object.fromEntries(fields) } as Op;
    assertEquals(decodeOp(encoded(whole)), whole);
  }
});

Deno.test("decodeOp() of what is cut off anywhere has what there is", () => {
  const op = { op: "exec", args: ["sh", "-c"], env: ["A=b"] } as const;
  const bytes = encoded(op);
  for (let length = 4; length <= bytes.length; length++) {
    const cut = decodeOp(bytes.slice(0, length));
    assertEquals(cut?.op, "exec");
  }
  assertEquals(decodeOp(bytes.slice(0, 19)), { op: "exec", args: ["sh"], env: [] });
});

Deno.test("decodeOp() believes no count, and knows no other operations", () => {
  const bytes = encoded({ op: "setgroups", gids: [1, 2] });
  new DataView(bytes.buffer).setUint32(8, 0xffffffff, true);
  assertEquals(decodeOp(bytes), { op: "setgroups", gids: [1, 2] });
  for (const opcode of [0, Object.keys(OPS).length + 1, 0xffffffff]) {
    new DataView(bytes.buffer).setUint32(0, opcode, true);
    assertEquals(decodeOp(bytes), undefined);
  }
  assertEquals(decodeOp(Uint8Array.of(1)), undefined);
});
