/** The programs by an interpreter of the instructions that they are made of; tests/integration has the kernel run them. */
import { assertEquals } from "@std/assert";
import { EGRESS_KINDS } from "../../../../runtime/cgroup/egress/egress_kinds.ts";
import { egressPrograms, REFUSAL } from "../../../../runtime/cgroup/egress/egress_program.ts";
import { egressRules } from "../../../../runtime/cgroup/egress/egress_rules.ts";
import { refusalOf } from "../../../../runtime/cgroup/egress/refusal.ts";
import { parseIpAddress } from "../../../../runtime/common/ip_address.ts";

const MAP = 77;

/** A pointer in a register: into the context, the stack, or the count of a key. */
type Pointer = {
  readonly to: "context" | "frame" | "count";
  readonly at: number;
  readonly key?: string;
};

/** A map of counts, and a program's run over a context. */
class Machine {
  readonly counts = new Map<string, number>();
  readonly #stack = new DataView(new ArrayBuffer(512));

  constructor(readonly room = 1000) {}

  /** Its verdict. @param context the bytes of the structure, or of the packet for a program of packets. */
  run(code: Uint8Array, context: DataView): number {
    const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    const registers: (number | Pointer)[] = [];
    registers[1] = { to: "context", at: 0 };
    registers[10] = { to: "frame", at: 512 };
    const number = (register: number): number => {
      const value = registers[register];
      if (typeof value !== "number") throw new Error(`register ${register} is no number`);
      return value;
    };
    const pointer = (register: number): Pointer => {
      const value = registers[register];
      if (typeof value !== "object") throw new Error(`register ${register} is no pointer`);
      return value;
    };
    for (let at = 0;; at += 8) {
      const opcode = view.getUint8(at);
      const [to, from] = [view.getUint8(at + 1) & 0xf, view.getUint8(at + 1) >> 4];
      const [offset, value] = [view.getInt16(at + 2, true), view.getInt32(at + 4, true)];
      const jumpIf = (condition: boolean) => {
        if (condition) at += 8 * offset;
      };
      switch (opcode) {
        case 0x61: {
          const { to: where, at: start } = pointer(from);
          assertEquals(where, "context");
          registers[to] = context.getUint32(start + offset, true);
          break;
        }
        case 0x71:
          registers[to] = this.#stack.getUint8(pointer(from).at + offset);
          break;
        case 0x62:
          this.#stack.setInt32(pointer(to).at + offset, value, true);
          break;
        case 0x63:
          this.#stack.setUint32(pointer(to).at + offset, number(from), true);
          break;
        case 0x7a:
          this.#stack.setBigInt64(pointer(to).at + offset, BigInt(value), true);
          break;
        case 0xdb: {
          const { key } = pointer(to);
          this.counts.set(key!, this.counts.get(key!)! + number(from));
          break;
        }
        case 0x18:
          assertEquals([from, value], [1, MAP]);
          registers[to] = MAP;
          at += 8;
          break;
        case 0xb4:
        case 0xb7:
          registers[to] = value;
          break;
        case 0xbf:
          registers[to] = registers[from]!;
          break;
        case 0x07: {
          const { to: where, at: start } = pointer(to);
          registers[to] = { to: where, at: start + value };
          break;
        }
        case 0x54:
          registers[to] = (number(to) & value) >>> 0;
          break;
        case 0xdc:
          registers[to] = (number(to) & 0xff) << 8 | number(to) >> 8 & 0xff;
          break;
        case 0x05:
          jumpIf(true);
          break;
        case 0x16:
          jumpIf(number(to) >>> 0 === value >>> 0);
          break;
        case 0x15:
          jumpIf(registers[to] === value);
          break;
        case 0x56:
          jumpIf(number(to) >>> 0 !== value >>> 0);
          break;
        case 0x26:
          jumpIf(number(to) > value);
          break;
        case 0xa6:
          jumpIf(number(to) < value);
          break;
        case 0x85:
          registers[0] = this.#call(value, registers, context);
          for (let i = 1; i <= 5; i++) delete registers[i];
          break;
        case 0x95:
          return number(0);
        default:
          throw new Error(`unknown opcode ${opcode} at ${at}`);
      }
    }
  }

  #call(
    helper: number,
    registers: readonly (number | Pointer)[],
    context: DataView,
  ): number | Pointer {
    const [, first, second, third, fourth] = registers;
    const key = () =>
      new Uint8Array(this.#stack.buffer).slice((second as Pointer).at).slice(0, REFUSAL.keySize)
        .toHex();
    switch (helper) {
      case 1:
        assertEquals(first, MAP);
        return this.counts.has(key()) ? { to: "count", at: 0, key: key() } : 0;
      case 2:
        assertEquals([first, fourth], [MAP, 0]);
        if (this.counts.size >= this.room) return -7;
        this.counts.set(key(), Number(this.#stack.getBigInt64((third as Pointer).at, true)));
        return 0;
      case 26:
        assertEquals([(first as Pointer).to, fourth], ["context", 1]);
        if ((second as number) >= context.byteLength) return -14;
        this.#stack.setUint8((third as Pointer).at, context.getUint8(second as number));
        return 0;
      default:
        throw new Error(`unknown helper ${helper}`);
    }
  }

  refusals(): Record<string, number> {
    return Object.fromEntries(
      [...this.counts].map((
        [key, count],
      ) => [refusalOf(Uint8Array.fromHex(key), count).what, count]),
    );
  }
}

type Kind = keyof typeof EGRESS_KINDS;

async function programs(...texts: string[]): Promise<Record<Kind, Uint8Array>> {
  const lists = await egressRules(texts.map((text) => ({ from: "", text })), {
    ownLoopback: false,
    resolvConf: () => "",
    lookUp: () => Promise.resolve([]),
  });
  const all = egressPrograms(lists);
  const entries = Object.entries(EGRESS_KINDS).map(([name, kind]) => [
    name,
    all.find((program) => program.kind === kind)!.code(MAP),
  ]);
  return Object.fromEntries(entries);
}

/** struct bpf_sock_addr for `tcp ADDRESS PORT`. */
function destination(text: string): { kind: Kind; context: DataView } {
  const [protocol, host, port] = text.split(" ");
  const address = parseIpAddress(host!)!;
  const context = new DataView(new ArrayBuffer(72));
  const at = address.length === 4 ? 4 : 8;
  address.forEach((byte, i) => context.setUint8(at + i, byte));
  context.setUint16(24, Number(port));
  context.setUint32(36, protocol === "tcp" ? 6 : 17, true);
  return { kind: address.length === 4 ? "connect4" : "connect6", context };
}

/** Which of the destinations are allowed. */
async function allowed(
  lists: readonly string[],
  destinations: readonly string[],
): Promise<string[]> {
  const code = await programs(...lists);
  return destinations.filter((text) => {
    const { kind, context } = destination(text);
    const machine = new Machine();
    const verdict = machine.run(code[kind], context);
    assertEquals(machine.counts.size, verdict === 1 ? 0 : 1, text);
    return verdict === 1;
  });
}

const SOME = [
  ...["tcp 192.0.2.1 80", "udp 192.0.2.1 80", "tcp 192.0.3.1 80", "tcp 192.0.2.1 443"],
  ...["tcp ::ffff:192.0.2.1 80", "tcp 2001:db8::1 80", "tcp 2001:db9::1 80", "tcp ::1 80"],
];

const EXPECTED: readonly [lists: readonly string[], allowed: readonly string[]][] = [
  [[""], []],
  [["*"], SOME],
  [["0.0.0.0/0"], SOME.filter((text) => !/2001|::1 /.test(text))],
  [["::/0"], SOME.filter((text) => /2001|::1 /.test(text))],
  [["192.0.2.0/24"], SOME.filter((text) => text.includes("192.0.2."))],
  [["192.0.2.0/23"], SOME.filter((text) => text.includes("192.0."))],
  [["192.0.2.1:80/tcp"], ["tcp 192.0.2.1 80", "tcp ::ffff:192.0.2.1 80"]],
  [["*/udp"], ["udp 192.0.2.1 80"]],
  [["*:443-444"], ["tcp 192.0.2.1 443"]],
  [["2001:db8::/32"], ["tcp 2001:db8::1 80"]],
  [["2001:db8::/31"], ["tcp 2001:db8::1 80", "tcp 2001:db9::1 80"]],
  [["2001:db8::1"], ["tcp 2001:db8::1 80"]],
  [["192.0.2.1:1-79,192.0.2.1:81-65535"], ["tcp 192.0.2.1 443"]],
  [["192.0.2.0/24", "*:443"], ["tcp 192.0.2.1 443"]],
  [["*", ""], []],
  [["", "*"], []],
  [["*", "2001:db8::1", "*:80"], ["tcp 2001:db8::1 80"]],
];

for (const [lists, wanted] of EXPECTED) {
  Deno.test(`the programs of ${lists.map((list) => JSON.stringify(list)).join(" and ")} allow what they say`, async () => {
    assertEquals(await allowed(lists, SOME), wanted);
  });
}

Deno.test("every program refuses all that is not allowed, datagrams too", async () => {
  const code = await programs("192.0.2.2");
  for (
    const [kind, text] of [["sendmsg4", "udp 192.0.2.1 5"], ["sendmsg6", "udp ::1 5"]] as const
  ) {
    assertEquals(new Machine().run(code[kind], destination(text).context), 0);
  }
  assertEquals(new Machine().run(code.sendmsg4, destination("udp 192.0.2.2 5").context), 1);
});

Deno.test("a refusal is counted by where it would have gone, and beyond the map's room with others", async () => {
  const { connect4, connect6 } = await programs("");
  const machine = new Machine(3);
  machine.counts.set("00".repeat(REFUSAL.keySize), 0);
  const texts = ["tcp 192.0.2.1 80", "tcp 192.0.2.1 80", "tcp 192.0.2.1 81", "udp 192.0.2.9 5"];
  for (const text of texts) machine.run(connect4, destination(text).context);
  machine.run(connect6, destination("tcp ::ffff:192.0.2.1 80").context);
  machine.run(connect6, destination("udp 2001:db8::1 53").context);
  assertEquals(machine.refusals(), {
    others: 2,
    "192.0.2.1:80/tcp": 3,
    "192.0.2.1:81/tcp": 1,
  });
});

Deno.test("sockets of TCP and UDP are made, and no others", async () => {
  const { socket } = await programs("*");
  const machine = new Machine();
  const made = (type: number, protocol: number) => {
    const context = new DataView(new ArrayBuffer(32));
    context.setUint32(8, type, true);
    context.setUint32(12, protocol, true);
    return machine.run(socket, context);
  };
  assertEquals([made(1, 6), made(2, 17)], [1, 1]);
  const others = [[1, 132], [1, 262], [2, 1], [2, 136], [3, 1], [3, 6], [3, 255], [1, 17], [2, 6], [
    5,
    132,
  ]];
  for (const [type, protocol] of others) {
    assertEquals(made(type!, protocol!), 0, `${type} ${protocol}`);
  }
  assertEquals(machine.counts.size, others.length);
});

Deno.test("packets go out unless their sender has chosen their route", async () => {
  const { packet } = await programs("");
  const machine = new Machine();
  const goes = (first: number, next = 0) => {
    const context = new DataView(new ArrayBuffer(40));
    context.setUint8(0, first);
    context.setUint8(6, next);
    return machine.run(packet, context) === 1;
  };
  assertEquals([goes(0x45), goes(0x45, 43), goes(0x60, 6), goes(0x6f, 17)], [
    true,
    true,
    true,
    true,
  ]);
  assertEquals([goes(0x46), goes(0x4f), goes(0x60, 43)], [false, false, false]);
  assertEquals(machine.run(packet, new DataView(new ArrayBuffer(0))), 0);
  assertEquals(machine.refusals(), { "packets whose route the sender has chosen": 4 });
});
