import { assertEquals, assertMatch } from "@std/assert";
import { installLibkrun } from "../../../../executors/libkrun/distribution.ts";

Deno.test("installLibkrun() names the package where the distribution has one", () => {
  assertEquals(installLibkrun('NAME="Fedora Linux"\nID=fedora\n'), "dnf install libkrun");
  assertEquals(installLibkrun("ID=arch\n"), "pacman -S libkrun");
  assertEquals(installLibkrun('ID="opensuse-tumbleweed"\n'), "zypper install libkrun1");
});

Deno.test("installLibkrun() names the bundle where there is no package, and where nothing is known", () => {
  for (
    const [id, says] of [["debian", "Debian has no"], ["ubuntu", "Ubuntu has no"], [
      "slackware",
      "install libkrun 1.x, or the",
    ]]
  ) {
    assertMatch(installLibkrun(`ID=${id}\n`), new RegExp(`^${says}.*air-gapped bundle`));
  }
  assertMatch(installLibkrun(""), /air-gapped bundle/);
});

Deno.test("installLibkrun() goes by what a distribution is like, its own name first", () => {
  assertEquals(installLibkrun("ID=nobara\nID_LIKE=fedora\n"), "dnf install libkrun");
  assertMatch(installLibkrun('ID=linuxmint\nID_LIKE="ubuntu debian"\n'), /^Ubuntu/);
  assertMatch(installLibkrun("ID=constructor\nID_LIKE=debian\n"), /^Debian/);
});
