import { assertEquals } from "@std/assert";
import { inPlaceOfV2 } from "../../runtime/build/egress_limits.ts";

Deno.test("inPlaceOfV2() names the v1 controllers that an older kernel's sockets belong to", () => {
  const v1 = ["cpu", "net_cls", "net_prio"];
  assertEquals(inPlaceOfV2("5.14.21-amd64", v1), "net_cls");
  assertEquals(inPlaceOfV2("4.19.0", ["net_prio"]), "net_prio");
  assertEquals(inPlaceOfV2("5.10.0-28", ["cpu", "memory"]), undefined);
  for (const release of ["5.15.0", "5.15", "6.1.0-18-amd64", "6.18.44-fc-v782"]) {
    assertEquals(inPlaceOfV2(release, v1), undefined, release);
  }
});
