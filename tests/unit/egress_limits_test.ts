import { assertEquals, assertRejects } from "@std/assert";
import { inPlaceOfV2, lookUp } from "../../runtime/build/egress_limits.ts";
import { HostError } from "../../runtime/common/errors.ts";

Deno.test("inPlaceOfV2() names the v1 controllers that an older kernel's sockets belong to", () => {
  const v1 = ["cpu", "net_cls", "net_prio"];
  assertEquals(inPlaceOfV2("5.14.21-amd64", v1), "net_cls");
  assertEquals(inPlaceOfV2("4.19.0", ["net_prio"]), "net_prio");
  assertEquals(inPlaceOfV2("5.10.0-28", ["cpu", "memory"]), undefined);
  for (const release of ["5.15.0", "5.15", "6.1.0-18-amd64", "6.18.44-fc-v782"]) {
    assertEquals(inPlaceOfV2(release, v1), undefined, release);
  }
});

const none = () => Promise.reject(new Deno.errors.NotFound("no records"));

Deno.test("lookUp() puts both kinds of addresses together, of which a name may lack one or both", async () => {
  const known = { A: ["192.0.2.7"], AAAA: ["2001:db8::7"] };
  assertEquals(await lookUp("both", "list", (_, type) => Promise.resolve(known[type])), [
    ...["192.0.2.7", "2001:db8::7"],
  ]);
  const only4 = (_: string, type: "A" | "AAAA") => type === "A" ? Promise.resolve(known.A) : none();
  assertEquals(await lookUp("old", "list", only4), ["192.0.2.7"]);
  assertEquals(await lookUp("gone", "list", none), []);
});

Deno.test("lookUp() fails when one of the two questions has no answer, though the other has", async () => {
  const late = new DOMException("timed out", "TimeoutError");
  for (
    const [fails, reason, words] of [
      ["AAAA", late, "does not answer"],
      ["A", new Deno.errors.TimedOut("late"), "does not answer"],
      ["A", new Error("SERVFAIL"), "reports an error"],
    ] as const
  ) {
    const error = await assertRejects(
      () =>
        lookUp(
          "half",
          "list",
          (_, type) => type === fails ? Promise.reject(reason) : Promise.resolve(["192.0.2.7"]),
        ),
      HostError,
    );
    assertEquals(
      error.message,
      `list: the name half cannot be looked up (${fails}): the name server ${words}; ` +
        "check /etc/resolv.conf of the host, or list addresses",
    );
  }
});
