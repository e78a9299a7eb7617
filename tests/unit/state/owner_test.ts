import { assertEquals } from "@std/assert";
import { findUser, ownerName } from "../../../runtime/state/owner.ts";

const PASSWD = "root:x:0:0:root:/root:/bin/sh\nme:x:1000:1000::/:/bin/sh\ntwin:x:1000:1::/:\n";

Deno.test("findUser() is the first name with the uid", () => {
  assertEquals(findUser(PASSWD, 1000), "me");
  assertEquals(findUser(PASSWD, 100), undefined);
});

Deno.test("ownerName() is the number where there is no name", () => {
  assertEquals(ownerName(0), "root");
  assertEquals(ownerName(4_000_000_001), "#4000000001");
});
