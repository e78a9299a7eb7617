import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  egressRules,
  type EgressWorld,
  formatRule,
  MAX_RULES,
} from "../../../../runtime/cgroup/egress/egress_rules.ts";
import { HostError, SpecError } from "../../../../runtime/common/errors.ts";

const FROM = 'annotations["run.kago.egress"]';

const WORLD: EgressWorld = {
  ownLoopback: false,
  resolvConf: () =>
    "# nameserver 1.1.1.1\nsearch example\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n",
  lookUp: (name) =>
    Promise.resolve(
      name === "many"
        ? Array.from({ length: MAX_RULES + 1 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
        : name === "none"
        ? []
        : ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.8"],
    ),
};

async function rules(text: string, world: Partial<EgressWorld> = {}): Promise<string[]> {
  const [list] = await egressRules([{ from: FROM, text }], { ...WORLD, ...world });
  return list!.rules.map(formatRule);
}

Deno.test("egressRules() has a rule for each address of a name, with its ports", async () => {
  assertEquals(await rules("example.com:80-90/tcp"), [
    "192.0.2.7:80-90/tcp",
    "[2001:db8::7]:80-90/tcp",
    "192.0.2.8:80-90/tcp",
  ]);
});

Deno.test("egressRules() has the name servers by port 53, others only if it is said", async () => {
  assertEquals(await rules("dns"), ["192.0.2.53:53", "[fe80::1]:53"]);
  assertEquals(await rules("dns:853/tcp"), ["192.0.2.53:853/tcp", "[fe80::1]:853/tcp"]);
  const four = () => [1, 2, 3, 4].map((i) => `nameserver 192.0.2.${i}\n`).join("");
  assertEquals((await rules("dns", { resolvConf: four })).length, 3);
});

Deno.test("egressRules() adds loopback where it is the container's own", async () => {
  assertEquals(await rules("*:5", { ownLoopback: true }), [
    ...["*:5", "127.0.0.0/8", "0.0.0.0", "::1", "::"],
  ]);
  assertEquals(await rules(""), []);
  assertEquals(await rules("2001:db8::/32,10.0.0.0/8/udp"), ["2001:db8::/32", "10.0.0.0/8/udp"]);
});

Deno.test("egressRules() keeps lists apart", async () => {
  const lists = await egressRules([{ from: "a", text: "*" }, { from: "b", text: "" }], WORLD);
  assertEquals(lists, [{ from: "a", rules: [{}] }, { from: "b", rules: [] }]);
});

Deno.test("egressRules() says which name has no address, and that no name server is known", async () => {
  const name = await assertRejects(() => rules("dns,none:80"), HostError);
  assertEquals(
    name.message,
    `${FROM}: the host name in "none:80" has no address; correct it, or list addresses`,
  );
  const dns = await assertRejects(() => rules("dns", { resolvConf: () => "" }), HostError);
  assertStringIncludes(dns.message, "/etc/resolv.conf, which names none; list their addresses");
});

Deno.test("egressRules() refuses names with more addresses than a program has room for", async () => {
  const { message } = await assertRejects(() => rules("many"), SpecError);
  assertStringIncludes(
    message,
    "has 513 rules after its names have been looked up, at most 512 are possible",
  );
});
