import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type EgressEntry,
  maskByte,
  MAX_ENTRIES,
  parseEgress,
} from "../../../../runtime/cgroup/egress/egress_entries.ts";
import { SpecError } from "../../../../runtime/common/errors.ts";

const FROM = 'annotations["run.kago.egress"]';

function parse(text: string): EgressEntry[] {
  return parseEgress({ from: FROM, text });
}

/** An entry on one line: `network c0000200/24 :80-90 tcp`. */
function described({ target, ports, protocol }: EgressEntry): string {
  const network = target.kind === "network"
    ? ` ${target.network.address.toHex()}/${target.network.bits}`
    : "";
  const name = target.kind === "name" ? ` ${target.name}` : "";
  return `${target.kind}${network}${name}${ports ? ` :${ports.join("-")}` : ""}${
    protocol ? ` ${protocol}` : ""
  }`;
}

/** The bytes of 2001:db8:: */
const DB8 = `20010db8${"00".repeat(12)}`;

const ENTRIES: Readonly<Record<string, string>> = {
  "192.0.2.1": "network c0000201/32",
  "192.0.2.0/24": "network c0000200/24",
  "0.0.0.0/0": "network 00000000/0",
  "192.0.2.1:443": "network c0000201/32 :443-443",
  "192.0.2.0/24:80-90/tcp": "network c0000200/24 :80-90 tcp",
  "192.0.2.1/udp": "network c0000201/32 udp",
  "2001:db8::": `network ${DB8}/128`,
  "2001:db8::/32": `network ${DB8}/32`,
  "2001:db8::/32/tcp": `network ${DB8}/32 tcp`,
  "[2001:db8::]:1-65535": `network ${DB8}/128 :1-65535`,
  "[2001:db8::/32]:53/udp": `network ${DB8}/32 :53-53 udp`,
  "[2001:db8::]": `network ${DB8}/128`,
  "::/0": `network ${"00".repeat(16)}/0`,
  "::ffff:192.0.2.0/120": "network c0000200/24",
  "::ffff:192.0.2.1": "network c0000201/32",
  "example.com": "name example.com",
  "Example.com.:443/tcp": "name Example.com. :443-443 tcp",
  "host_1": "name host_1",
  "3com": "name 3com",
  "xn--bcher-kva.example": "name xn--bcher-kva.example",
  "dns": "dns",
  "dns/udp": "dns udp",
  "*": "any",
  "*:443": "any :443-443",
  ":443/tcp": "any :443-443 tcp",
  "*/udp": "any udp",
};

for (const [text, wanted] of Object.entries(ENTRIES)) {
  Deno.test(`parseEgress() reads ${text}`, () => {
    assertEquals(parse(text).map(described), [wanted]);
  });
}

Deno.test("parseEgress() reads several entries, by commas and by blanks, and none of an empty text", () => {
  for (const text of [" dns , *:1 ", "dns,*:1", "dns *:1", "dns\n\t*:1\n"]) {
    assertEquals(parse(text).map(described), ["dns", "any :1-1"]);
  }
  assertEquals([parse(""), parse("  ")], [[], []]);
});

const WRONG = [
  ...[
    "a,",
    ",",
    "/tcp",
    ":",
    "*:",
    "a:",
    "a:0",
    "a:65536",
    "a:2-1",
    "a:1-",
    "a:-1",
    "a:1-2-3",
  ],
  ...[
    "a:http",
    "a/sctp",
    "a/24",
    "192.0.2.300",
    "192.0.2",
    "1.2.3.4.5",
    "192.0.2.1/33",
    "192.0.2.1/",
  ],
  ...["192.0.2.1/x", "192.0.2.0/24/24", "2001:db8::/129", "[192.0.2.1]:5", "[::1", "::1]", "[]:5"],
  ...[
    "[2001:db8::]443",
    "[a]:5",
    "fe80::1%eth0",
    "-a",
    "a-.b",
    "a..b",
    ".a",
    "a.1",
    "ä",
    "**",
    "*.a",
  ],
  ...["a\0b", "a/TCP", `${"a".repeat(64)}.b`, `${"a.".repeat(130)}a`, "http://a", "a:443/tcp/udp"],
];

for (const text of WRONG) {
  Deno.test(`parseEgress() refuses ${JSON.stringify(text).slice(0, 40)} with what it must be`, () => {
    const error = assertThrows(() => parse(text), SpecError);
    assertEquals(error.jsonPath, FROM);
    assertStringIncludes(error.message, "must be an address, a CIDR block, a host name");
  });
}

Deno.test("parseEgress() refuses a block whose address has bits beyond its length", () => {
  for (const text of ["192.0.2.1/24", "[2001:db8::1/64]:5", "128.0.0.0/0"]) {
    const { message } = assertThrows(() => parse(text), SpecError);
    assertStringIncludes(message, `"${text}", whose address has bits set after the first `);
  }
});

Deno.test("parseEgress() takes so many entries, and no more", () => {
  const list = (count: number) => new Array(count).fill("dns").join(",");
  assertEquals(parse(list(MAX_ENTRIES)).length, MAX_ENTRIES);
  const { message } = assertThrows(() => parse(list(MAX_ENTRIES + 1)), SpecError);
  assertEquals(message, `${FROM}: has 257 entries, at most 256 are possible`);
});

Deno.test("maskByte() is the byte of a mask", () => {
  const bytes = (bits: number) => [0, 1, 2, 3].map((index) => maskByte(bits, index));
  assertEquals(bytes(0), [0, 0, 0, 0]);
  assertEquals(bytes(9), [255, 128, 0, 0]);
  assertEquals(bytes(31), [255, 255, 255, 254]);
  assertEquals(bytes(32), [255, 255, 255, 255]);
});
