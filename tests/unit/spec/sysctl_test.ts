import { assertEquals } from "@std/assert";
import { sysctlPath } from "../../../runtime/spec/sysctl.ts";

Deno.test("sysctlPath() reads both spellings", () => {
  assertEquals(sysctlPath("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
  assertEquals(sysctlPath("net/ipv4/ip_forward"), "net/ipv4/ip_forward");
});

Deno.test("sysctlPath() lets the first separator decide what the other one means", () => {
  const path = "net/ipv4/conf/eth0.1/forwarding";
  assertEquals(sysctlPath("net.ipv4.conf.eth0/1.forwarding"), path);
  assertEquals(sysctlPath("net/ipv4/conf/eth0.1/forwarding"), path);
});

Deno.test("sysctlPath() refuses what is no name or would leave /proc/sys", () => {
  const names = [
    "",
    "kernel",
    ".",
    "a..b",
    "a.",
    ".a",
    "/etc/passwd",
    "net/../kernel/core_pattern",
  ];
  for (const name of [...names, "net.//.kernel", "net/./x"]) {
    assertEquals(sysctlPath(name), undefined, name);
  }
});
