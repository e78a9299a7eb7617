import { assertEquals } from "@std/assert";
import { formatIpAddress, parseIpAddress, unmapped } from "../../../runtime/common/ip_address.ts";

/** In hexadecimal. */
function parsed(text: string): string | undefined {
  return parseIpAddress(text)?.toHex();
}

Deno.test("parseIpAddress() reads four decimal numbers without leading zeros", () => {
  assertEquals(parsed("192.0.2.255"), "c00002ff");
  assertEquals(parsed("0.0.0.0"), "00000000");
  for (const text of ["192.0.2", "192.0.2.256", "192.0.02.1", "192.0.2.1.", "1.2.3.4.5", "", "a"]) {
    assertEquals(parsed(text), undefined, text);
  }
});

Deno.test("parseIpAddress() reads groups, a gap, and an IPv4 address at the end", () => {
  const zeros = (count: number) => "00".repeat(count);
  assertEquals(parsed("::"), zeros(16));
  assertEquals(parsed("::1"), `${zeros(15)}01`);
  assertEquals(parsed("1::"), `0001${zeros(14)}`);
  assertEquals(parsed("2001:DB8::a:b"), `20010db8${zeros(8)}000a000b`);
  assertEquals(parsed("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
  assertEquals(parsed("1:2:3:4:5:6:7::"), "00010002000300040005000600070000");
  assertEquals(parsed("::ffff:192.0.2.1"), `${zeros(10)}ffffc0000201`);
});

Deno.test("parseIpAddress() reads nothing else", () => {
  const wrong = [
    ...[
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8::",
      "12345::",
    ],
    ...["fe80::1%eth0", "::192.0.2.1:1", "192.0.2.1::", ":1:2:3:4:5:6:7:8", "g::", "::1/64"],
  ];
  for (const text of wrong) assertEquals(parsed(text), undefined, text);
});

Deno.test("formatIpAddress() writes the longest gap of zeros as two colons", () => {
  const same = [
    ...[
      "192.0.2.1",
      "::",
      "::1",
      "1::",
      "2001:db8::1",
      "1:0:2::3",
      "1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7:0",
    ],
    ...["10::10:0:0:1", "::10:1", "1:0:0:2::3"],
  ];
  for (const text of same) assertEquals(formatIpAddress(parseIpAddress(text)!), text);
  assertEquals(formatIpAddress(parseIpAddress("0:0:0:1:0:0:0:0")!), "0:0:0:1::");
});

Deno.test("unmapped() finds the IPv4 address in an IPv4-mapped one alone", () => {
  assertEquals(unmapped(parseIpAddress("::ffff:192.0.2.1")!)?.toHex(), "c0000201");
  assertEquals(unmapped(parseIpAddress("::fffe:192.0.2.1")!), undefined);
  assertEquals(unmapped(parseIpAddress("192.0.2.1")!), undefined);
});
