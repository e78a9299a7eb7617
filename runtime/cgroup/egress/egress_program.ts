/**
 * The programs that decide to whom a container's processes may connect and send (bpf(2); the kernel's
 * Documentation/bpf/libbpf/program_types.rst). Pure; egress_filter.ts loads them.
 *
 * A connection is checked when it is made, so its packets cost nothing. Other sockets, except for datagrams, are checked
 * when they are created. A packet whose sender chooses the route is dropped: it goes to another host first.
 */
import { assemble, instruction, type Part } from "../bpf_code.ts";
import type { ProgramKind } from "../bpf_program.ts";
import { maskByte } from "./egress_entries.ts";
import { EGRESS_KINDS } from "./egress_kinds.ts";
import type { EgressRule, EgressRules } from "./egress_rules.ts";

// linux/bpf.h: opcodes. A name without a number of bits is for the lower 32 bits of a register.
const LOAD_32 = 0x61;
const LOAD_8 = 0x71;
const STORE_32 = 0x62;
const STORE_REGISTER_32 = 0x63;
const STORE_64 = 0x7a;
const ADD_ATOMICALLY_64 = 0xdb;
const LOAD_MAP = 0x18;
const MOVE = 0xb4;
const MOVE_64 = 0xb7;
const MOVE_REGISTER_64 = 0xbf;
const ADD_64 = 0x07;
const AND = 0x54;
const TO_BIG_ENDIAN = 0xdc;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x16;
const JUMP_IF_EQUAL_64 = 0x15;
const JUMP_UNLESS_EQUAL = 0x56;
const JUMP_IF_GREATER = 0x26;
const JUMP_IF_LESS = 0xa6;
const CALL = 0x85;
const EXIT = 0x95;

const PSEUDO_MAP_FD = 1;
const HELPER = { mapLookup: 1, mapUpdate: 2, skbLoadBytes: 26 } as const;

/** struct bpf_sock_addr: addresses and the port in network byte order. */
const ADDRESS = { ip4: 4, ip6: 8, port: 24, protocol: 36 } as const;
/** struct bpf_sock. */
const SOCKET = { type: 8, protocol: 12 } as const;

const PROTOCOL = { tcp: 6, udp: 17 } as const;
const [SOCK_STREAM, SOCK_DGRAM] = [1, 2];

/** Helpers preserve the context's register; a field is loaded for each comparison, as in device_program.ts. */
const REGISTER = { result: 0, first: 1, second: 2, third: 3, fourth: 4, context: 6, frame: 10 };

/** Stack offsets of the key of a refusal, and of the count of a new one. */
const [KEY, COUNT] = [-24, -32];

/** In place of an address, for a socket or a packet that is refused by its type; no connection has this destination. */
const NOBODY = [-1, -1, -1, -1];

/**
 * The map of refusals: a key of six words, and a 64-bit count. The key is an IPv6 address, the port in network byte order
 * and the protocol's number; without an address, the socket's type and protocol, or zeros for a packet.
 */
export const REFUSAL = { keySize: 24, valueSize: 8 } as const;

/** One program; its code needs the map. */
export interface EgressProgram {
  readonly kind: ProgramKind;
  /** @param map the descriptor of the map of refusals. */
  code(map: number): Uint8Array<ArrayBuffer>;
}

/** @param lists of rules; each must allow a connection. */
export function egressPrograms(lists: readonly EgressRules[]): EgressProgram[] {
  const { packet, socket, connect4, connect6, sendmsg4, sendmsg6 } = EGRESS_KINDS;
  const addressed = (kind: ProgramKind, version: 4 | 6): EgressProgram => ({
    kind,
    code: (map) => assemble(addressCode(lists, version, map)),
  });
  return [
    { kind: socket, code: (map) => assemble(socketCode(map)) },
    { kind: packet, code: (map) => assemble(packetCode(map)) },
    addressed(connect4, 4),
    addressed(connect6, 6),
    addressed(sendmsg4, 4),
    addressed(sendmsg6, 6),
  ];
}

function addressCode(lists: readonly EgressRules[], version: 4 | 6, map: number): Part[] {
  if (version === 4) {
    return [
      ...KEEP_CONTEXT,
      ...lists.flatMap(({ rules }) => listCode(rules, 4, ADDRESS.ip4)),
      ...verdict(true),
      { place: "refuse" },
      ...wordsOfKey([0, 0, MAPPED_WORD]),
      ...copyToKey(3, ADDRESS.ip4),
      ...destinationOfKey(),
      ...refusalCode(map),
    ];
  }
  const { ip6 } = ADDRESS;
  return [
    ...KEEP_CONTEXT,
    // Traffic to an IPv4-mapped address is IPv4.
    ...[0, 0, MAPPED_WORD].flatMap((word, i) => differs(ip6 + 4 * i, word, "ipv6")),
    ...lists.flatMap(({ rules }) => listCode(rules, 4, ip6 + 12)),
    ...verdict(true),
    { place: "ipv6" },
    ...lists.flatMap(({ rules }) => listCode(rules, 16, ip6)),
    ...verdict(true),
    { place: "refuse" },
    ...[0, 1, 2, 3].flatMap((word) => copyToKey(word, ip6 + 4 * word)),
    ...destinationOfKey(),
    ...refusalCode(map),
  ];
}

/** The third word of an IPv4-mapped address, as the processor loads it. */
const MAPPED_WORD = 0xffff0000;

const KEEP_CONTEXT: readonly Part[] = [
  instruction(MOVE_REGISTER_64, REGISTER.context, REGISTER.first),
];

/** The rules of one list for addresses of this length. If one allows, the code after it continues. */
function listCode(rules: readonly EgressRule[], length: 4 | 16, at: number): Part[] {
  const own = rules.filter(({ network }) => !network || network.address.length === length);
  return [
    ...own.flatMap((rule) => ruleCode(rule, at)),
    { jump: JUMP, to: "refuse" },
    { place: "allowed" },
  ];
}

function ruleCode({ network, ports, protocol }: EgressRule, at: number): Part[] {
  const tests: Part[] = [];
  if (protocol) tests.push(...differs(ADDRESS.protocol, PROTOCOL[protocol], "next"));
  for (const { index, mask, value } of network ? wordsOf(network) : []) {
    tests.push(...differs(at + 4 * index, value, "next", mask));
  }
  if (ports) tests.push(...portTests(ports));
  return [...tests, { jump: JUMP, to: "allowed" }, { place: "next" }];
}

/** The words of a network that are compared, with their masks, as the processor loads them. */
function wordsOf({ address, bits }: NonNullable<EgressRule["network"]>) {
  const view = new DataView(address.buffer, address.byteOffset);
  const mask = new DataView(address.map((_, i) => maskByte(bits, i)).buffer);
  return Array.from({ length: Math.ceil(bits / 32) }, (_, index) => ({
    index,
    mask: mask.getUint32(4 * index, true),
    value: view.getUint32(4 * index, true),
  }));
}

/** Jumps when the masked field of the context differs. */
function differs(field: number, value: number, to: string, mask = 0xffffffff): Part[] {
  return [
    loadField(field),
    ...(mask === 0xffffffff ? [] : [instruction(AND, REGISTER.second, 0, 0, mask)]),
    { jump: JUMP_UNLESS_EQUAL, to, register: REGISTER.second, value },
  ];
}

function loadField(field: number): Part {
  return instruction(LOAD_32, REGISTER.second, REGISTER.context, field);
}

function portTests([first, last]: readonly [number, number]): Part[] {
  const test = (jump: number, value: number): Part => (
    { jump, to: "next", register: REGISTER.second, value }
  );
  return [
    loadField(ADDRESS.port),
    instruction(TO_BIG_ENDIAN, REGISTER.second, 0, 0, 16),
    ...(first === last
      ? [test(JUMP_UNLESS_EQUAL, first)]
      : [test(JUMP_IF_LESS, first), test(JUMP_IF_GREATER, last)]),
  ];
}

/** Only TCP and UDP: connect(2) does not see what other sockets send. */
function socketCode(map: number): Part[] {
  const protocolIs = (protocol: number): Part[] => [
    loadField(SOCKET.protocol),
    { jump: JUMP_UNLESS_EQUAL, to: "refuse", register: REGISTER.second, value: protocol },
    ...verdict(true),
  ];
  return [
    ...KEEP_CONTEXT,
    ...differs(SOCKET.type, SOCK_STREAM!, "no stream"),
    ...protocolIs(PROTOCOL.tcp),
    { place: "no stream" },
    ...differs(SOCKET.type, SOCK_DGRAM!, "refuse"),
    ...protocolIs(PROTOCOL.udp),
    { place: "refuse" },
    ...wordsOfKey(NOBODY),
    ...copyToKey(4, SOCKET.type),
    ...copyToKey(5, SOCKET.protocol),
    ...refusalCode(map),
  ];
}

/** linux/in6.h, IPPROTO_ROUTING. */
const ROUTING_HEADER = 43;
/** The first byte of an IPv4 header without options, which could contain a source route. */
const [PLAIN_IPV4, IPV4, VERSION_MASK] = [0x45, 0x40, 0xf0];
const NEXT_HEADER = 6;

/** A packet begins with its IP header. */
function packetCode(map: number): Part[] {
  const loadByte = (offset: number): Part[] => [
    instruction(MOVE_REGISTER_64, REGISTER.first, REGISTER.context),
    instruction(MOVE_64, REGISTER.second, 0, 0, offset),
    instruction(MOVE_REGISTER_64, REGISTER.third, REGISTER.frame),
    instruction(ADD_64, REGISTER.third, 0, 0, COUNT!),
    instruction(MOVE_64, REGISTER.fourth, 0, 0, 1),
    instruction(CALL, 0, 0, 0, HELPER.skbLoadBytes),
    { jump: JUMP_UNLESS_EQUAL, to: "refuse", register: REGISTER.result, value: 0 },
    instruction(LOAD_8, REGISTER.second, REGISTER.frame, COUNT!),
  ];
  const ifByteIs = (value: number, to: string): Part => (
    { jump: JUMP_IF_EQUAL, to, register: REGISTER.second, value }
  );
  return [
    ...KEEP_CONTEXT,
    ...loadByte(0),
    ifByteIs(PLAIN_IPV4!, "allowed"),
    instruction(AND, REGISTER.second, 0, 0, VERSION_MASK!),
    ifByteIs(IPV4!, "refuse"),
    ...loadByte(NEXT_HEADER),
    ifByteIs(ROUTING_HEADER, "refuse"),
    { place: "allowed" },
    ...verdict(true),
    { place: "refuse" },
    ...wordsOfKey([...NOBODY, 0, 0]),
    ...refusalCode(map),
  ];
}

function verdict(allow: boolean): Part[] {
  return [instruction(MOVE, REGISTER.result, 0, 0, allow ? 1 : 0), instruction(EXIT)];
}

function wordsOfKey(words: readonly number[]): Part[] {
  return words.map((word, i) => instruction(STORE_32, REGISTER.frame, 0, KEY! + 4 * i, word));
}

function copyToKey(word: number, field: number): Part[] {
  return [
    loadField(field),
    instruction(STORE_REGISTER_32, REGISTER.frame, REGISTER.second, KEY! + 4 * word),
  ];
}

function destinationOfKey(): Part[] {
  return [...copyToKey(4, ADDRESS.port), ...copyToKey(5, ADDRESS.protocol)];
}

/** Counts the refusal by its key, or by the key of zeros if the map is full, and refuses. */
function refusalCode(map: number): Part[] {
  return [
    ...countIfThere(map, "is new"),
    ...verdict(false),
    { place: "is new" },
    instruction(STORE_64, REGISTER.frame, 0, COUNT!, 1),
    ...mapAndKey(map),
    instruction(MOVE_REGISTER_64, REGISTER.third, REGISTER.frame),
    instruction(ADD_64, REGISTER.third, 0, 0, COUNT!),
    instruction(MOVE_64, REGISTER.fourth, 0, 0, 0),
    instruction(CALL, 0, 0, 0, HELPER.mapUpdate),
    { jump: JUMP_IF_EQUAL, to: "end", register: REGISTER.result, value: 0 },
    ...wordsOfKey([0, 0, 0, 0, 0, 0]),
    ...countIfThere(map, "end"),
    { place: "end" },
    ...verdict(false),
  ];
}

function countIfThere(map: number, otherwise: string): Part[] {
  return [
    ...mapAndKey(map),
    instruction(CALL, 0, 0, 0, HELPER.mapLookup),
    { jump: JUMP_IF_EQUAL_64, to: otherwise, register: REGISTER.result, value: 0 },
    instruction(MOVE_64, REGISTER.first, 0, 0, 1),
    instruction(ADD_ATOMICALLY_64, REGISTER.result, REGISTER.first),
  ];
}

function mapAndKey(map: number): Part[] {
  return [
    instruction(LOAD_MAP, REGISTER.first, PSEUDO_MAP_FD, 0, map),
    instruction(0),
    instruction(MOVE_REGISTER_64, REGISTER.second, REGISTER.frame),
    instruction(ADD_64, REGISTER.second, 0, 0, KEY!),
  ];
}
