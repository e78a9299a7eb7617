import { assertEquals, assertMatch } from "@std/assert";
import { changelog, control, debVersion } from "../../../../scripts/release/deb_texts.ts";

const SOURCE = {
  version: "1.2.3-rc.1",
  commit: "0123456789abcdef",
  epoch: 1767323045,
  maintainer: "A <a@b>",
};

Deno.test("debVersion() lets a version that comes before a release do so for dpkg too", () => {
  assertEquals(debVersion("1.2.3"), "1.2.3");
  assertEquals(debVersion("1.2.3-rc.1"), "1.2.3~rc.1");
});

Deno.test("control() has the size and who has made the commit", () => {
  assertMatch(
    control(SOURCE, 7),
    /^Version: 1\.2\.3~rc\.1\n[^]*^Maintainer: A <a@b>\nInstalled-Size: 7$/m,
  );
});

Deno.test("changelog() has one entry, with the commit's time", () => {
  assertEquals(
    changelog(SOURCE),
    `kago (1.2.3~rc.1) unstable; urgency=medium

  * Release 1.2.3-rc.1, of commit 0123456789ab.

 -- A <a@b>  Fri, 02 Jan 2026 03:04:05 +0000
`,
  );
});
