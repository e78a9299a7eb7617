import { assertEquals } from "@std/assert";
import {
  type Address,
  addressQuery,
  addressRequest,
  endOf,
  formatAddress,
  linkQuery,
  type Message,
  messagesOf,
  moveRequest,
  readAddress,
  readLink,
  upRequest,
} from "../../../runtime/stages/rtnetlink.ts";

/** Bytes of hexadecimal digits, between which spaces and lines may stand. */
function bytes(...hex: string[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.join("").replaceAll(" ", ""));
}

// NLMSG_ERROR and NLMSG_DONE
const ACKNOWLEDGED =
  "24000000 0200 0001 00000000 00000000 00000000 00000000000000000000000000000000";
const REFUSED = "14000000 0200 0000 00000000 00000000 edffffff";
const DONE = "14000000 0300 0200 00000000 00000000 00000000";

Deno.test("linkQuery() asks by name", () => {
  const expected = bytes(
    "29000000 1200 0500 00000000 00000000", // length, RTM_GETLINK, REQUEST | ACK
    "00000000 00000000 00000000 00000000", // struct ifinfomsg
    "0900 0300 6574683700", // IFLA_IFNAME eth7
  );
  assertEquals(linkQuery("eth7"), expected);
});

Deno.test("upRequest() changes the flag UP alone", () => {
  const expected = (flags: string) =>
    bytes(
      "20000000 1000 0500 00000000 00000000", // RTM_NEWLINK
      "00000000 07000000",
      flags,
      "01000000",
    );
  assertEquals(upRequest(7, true), expected("01000000"));
  assertEquals(upRequest(7, false), expected("00000000"));
});

Deno.test("moveRequest() names the interface and the namespace, each at a multiple of four bytes", () => {
  const expected = bytes(
    "34000000 1000 0500 00000000 00000000",
    "00000000 07000000 00000000 00000000",
    "0900 0300 6574683700 000000", // IFLA_IFNAME, padded
    "0800 1c00 0b000000", // IFLA_NET_NS_FD
  );
  assertEquals(moveRequest(7, 11, "eth7"), expected);
});

Deno.test("addressQuery() asks for all of them", () => {
  // RTM_GETADDR, REQUEST | ACK | DUMP, struct ifaddrmsg
  const expected = bytes("18000000 1600 0503 00000000 00000000", "00000000 00000000");
  assertEquals(addressQuery(), expected);
});

const INET: Address = {
  family: 2,
  prefix: 24,
  flags: 0x80 | 0x200, // PERMANENT, NOPREFIXROUTE
  metric: 77,
  local: bytes("0a090807"),
  peer: bytes("0a090801"),
  broadcast: bytes("0a0908ff"),
};

Deno.test("addressRequest() makes an address again as somebody set it", () => {
  const expected = bytes(
    "40000000 1400 0506 00000000 00000000", // RTM_NEWADDR, REQUEST | ACK | CREATE | EXCL
    "02 18 00 00 07000000",
    "0800 0200 0a090807", // IFA_LOCAL
    "0800 0100 0a090801", // IFA_ADDRESS
    "0800 0400 0a0908ff", // IFA_BROADCAST
    "0800 0800 00020000", // IFA_FLAGS: PERMANENT is the kernel's to say
    "0800 0900 4d000000", // IFA_RT_PRIORITY
  );
  assertEquals(addressRequest(7, INET), expected);
});

Deno.test("addressRequest() leaves out what an address does not have", () => {
  const peer = bytes("fd000000000000000000000000000007");
  const expected = bytes(
    "2c000000 1400 0506 00000000 00000000",
    "0a 40 00 00 07000000",
    "1400 0100 fd000000000000000000000000000007",
  );
  const address = { family: 10, prefix: 64, flags: 0x80, metric: 0, peer };
  assertEquals(addressRequest(7, address), expected);
});

/** A message about the address INET, but for what is said of it. */
function addressMessage(scope = "00", index = "07000000", flags = "80020000"): Message {
  const attributes = [
    "0800 0100 0a090801",
    "0800 0200 0a090807",
    "0800 0400 0a0908ff",
    "0900 0300 6574683700 000000", // IFA_LABEL
    ...(flags ? [`0800 0800 ${flags}`] : []),
    "0800 0900 4d000000",
  ];
  return { type: 20, body: bytes(`02 18 80 ${scope} ${index}`, ...attributes) };
}

Deno.test("readAddress() reads what addressRequest() needs to make it again", () => {
  assertEquals(readAddress(addressMessage(), 7), INET);
});

Deno.test("readAddress() takes the flags of the header where there are no others", () => {
  assertEquals(readAddress(addressMessage("00", "07000000", ""), 7), { ...INET, flags: 0x80 });
});

Deno.test("readAddress() leaves out other interfaces, other scopes and addresses that expire", () => {
  assertEquals(readAddress(addressMessage(), 8), undefined);
  assertEquals(readAddress(addressMessage("fd"), 7), undefined);
  assertEquals(readAddress(addressMessage("00", "07000000", "00020000"), 7), undefined);
});

Deno.test("readAddress() ignores attributes that are cut short", () => {
  for (const end of ["0800 0200 0a09", "0300 0200", "08"]) {
    const body = bytes("02 18 80 00 07000000", "0800 0100 0a090801", end);
    const { local, peer } = readAddress({ type: 20, body }, 7)!;
    assertEquals([local, peer], [undefined, INET.peer]);
  }
});

Deno.test("readLink() reads the index, and whether it is up", () => {
  const body = (flags: string) => bytes("0000 0100 07000000", flags, "00000000");
  assertEquals(readLink({ type: 16, body: body("43100100") }), { index: 7, up: true });
  assertEquals(readLink({ type: 16, body: body("02100000") }), { index: 7, up: false });
});

Deno.test("messagesOf() reads one behind the other, as far as they are whole", () => {
  const odd = "13000000 1000 0000 00000000 00000000 010203 00";
  const types = (...hex: string[]) => messagesOf(bytes(...hex)).map(({ type }) => type);
  assertEquals(messagesOf(bytes(odd, DONE)), [
    { type: 16, body: bytes("010203") },
    { type: 3, body: bytes("00000000") },
  ]);
  assertEquals(types(odd, DONE.slice(0, -2)), [16]);
  assertEquals(types("0f000000 1000 0000 00000000 00000000"), []);
  assertEquals(types(odd, "1400"), [16]);
  assertEquals(types(), []);
});

Deno.test("endOf() gives the errno that ends an answer", () => {
  const ends = (hex: string) => endOf(messagesOf(bytes(hex))[0]!);
  assertEquals([ends(ACKNOWLEDGED), ends(DONE), ends(REFUSED)], [0, 0, 19]);
  assertEquals(endOf({ type: 3, body: bytes() }), 0);
  assertEquals(endOf({ type: 2, body: bytes() }), 5);
  assertEquals(endOf(addressMessage()), undefined);
});

Deno.test("formatAddress() writes addresses as inet_ntop(3) does", () => {
  const written = (hex: string) => formatAddress({ ...INET, local: bytes(hex) });
  assertEquals(written("0a090807"), "10.9.8.7/24");
  assertEquals(written("fd000000000000000000000000000007"), "fd00::7/24");
  assertEquals(written("fd000000000100000000000000000007"), "fd00:0:1::7/24");
  assertEquals(written("fd0000010002000300040005 00060007"), "fd00:1:2:3:4:5:6:7/24");
  assertEquals(written("00000000000000000000000000000001"), "::1/24");
  assertEquals(written("00000000000000000000ffff0a090807"), "::ffff:10.9.8.7/24");
  assertEquals(written("0000000000000000000000000a090807"), "::10.9.8.7/24");
  const { local: _, ...pointToPoint } = INET;
  assertEquals(formatAddress(pointToPoint), "10.9.8.1/24");
});
