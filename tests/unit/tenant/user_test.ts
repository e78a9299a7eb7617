import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../runtime/common/errors.ts";
import { tenantGid, tenantUser, type UserFiles } from "../../../runtime/tenant/user.ts";

const FILES: UserFiles = {
  passwd: () => "root:x:0:0::/:/bin/sh\nwww-data:x:33:34::/:\n1abc:x:0:0::/:\nbad:x:-1:0::/:\n",
  group: () => "root:x:0:\nadm:x:4:www-data,x\nweb:x:34:www-data\nstaff:x:50:x\n",
};
const NONE: UserFiles = { passwd: () => undefined, group: () => undefined };
const BASE = { uid: 5, gid: 6, additionalGids: [7], umask: 0o77 };

Deno.test("tenantUser() takes numbers as they are and reads no file for them", () => {
  const unread: UserFiles = {
    passwd: () => {
      throw new Error("read");
    },
    group: () => {
      throw new Error("read");
    },
  };
  assertEquals(tenantUser("0", BASE, unread), { ...BASE, uid: 0 });
  assertEquals(tenantUser("1000:100", BASE, unread), { ...BASE, uid: 1000, gid: 100 });
  assertEquals(tenantUser("4294967294", {}, unread), { uid: 4294967294 });
});

Deno.test("tenantUser() gives a name its groups, unless a group is given", () => {
  assertEquals(tenantUser("www-data", BASE, FILES), {
    uid: 33,
    gid: 34,
    additionalGids: [4],
    umask: 0o77,
  });
  assertEquals(tenantUser("www-data:staff", BASE, FILES), { ...BASE, uid: 33, gid: 50 });
  assertEquals(tenantUser("33:adm", BASE, FILES), { ...BASE, uid: 33, gid: 4 });
});

const REFUSED = [
  ...["1abc", " 1", "1 ", "+1", "-1", "0x1", "1.5", "01", "1e3", "", ":", ":1", "1:", "1:2:3"],
  ...["4294967295", "4294967296", "99999999999999999999", "1:4294967295", "1: 2", "1:2x"],
  ...["nobody", "root:nogroup", "bad", "ro ot", "root\n", "x:root", "www-data:"],
];

for (const text of REFUSED) {
  Deno.test(`tenantUser() refuses ${JSON.stringify(text)} (CVE-2026-30892)`, () => {
    assertThrows(() => tenantUser(text, BASE, FILES), UsageError);
  });
}

Deno.test("tenantUser() refuses a name where the container has no users", () => {
  assertThrows(() => tenantUser("root", {}, NONE), UsageError, "/etc/passwd has no");
});

Deno.test("tenantGid() takes a number only", () => {
  assertEquals(tenantGid("50"), 50);
  for (const text of ["staff", "-1", "4294967295", "5 "]) {
    assertThrows(() => tenantGid(text), UsageError, "--additional-gids");
  }
});
