import { assertEquals } from "@std/assert";
import { refusalOf } from "../../../../runtime/cgroup/egress/refusal.ts";

function words(hex: string): string {
  return refusalOf(Uint8Array.fromHex(hex), 1).what;
}

const MAPPED = `${"00".repeat(10)}ffff`;
const NOBODY = "ff".repeat(16);

Deno.test("refusalOf() tells a destination as an entry that would allow it", () => {
  assertEquals(words(`${MAPPED}c000020101bb000006000000`), "192.0.2.1:443/tcp");
  assertEquals(
    words(`20010db8${"00".repeat(11)}01003500001100${"00".repeat(2)}`),
    "[2001:db8::1]:53/udp",
  );
});

Deno.test("refusalOf() tells sockets and packets, and what there was no room for", () => {
  assertEquals(words(`${NOBODY}0300000001000000`), "raw sockets of protocol 1");
  assertEquals(words(`${NOBODY}0100000006010000`), "stream sockets of protocol 262");
  assertEquals(words(`${NOBODY}0a00000006000000`), "type 10 sockets of protocol 6");
  assertEquals(words(`${NOBODY}${"00".repeat(8)}`), "packets whose route the sender has chosen");
  assertEquals(words("00".repeat(24)), "others");
});
