/** `linux.netDevices`, with interfaces and a host namespace of the test's own. Needs root. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run, runOk, type RunResult } from "../harness/run.ts";

/** A network namespace that stands for the host's, with a pair of interfaces. */
class Host {
  static #serial = 0;
  readonly name = `kago-test-${Deno.pid}-${Host.#serial++}`;

  static async with(use: (host: Host) => Promise<void>): Promise<void> {
    const host = new Host();
    await runOk("ip", ["netns", "add", host.name]);
    try {
      await host.ip("link", "add", "eth7", "type", "veth", "peer", "name", "eth8");
      await host.ip("addr", "add", "10.9.8.7/24", "dev", "eth7");
      await host.ip("addr", "add", "fd00::7/64", "dev", "eth7", "nodad");
      await host.ip("link", "set", "eth7", "up");
      await use(host);
    } finally {
      await runOk("ip", ["netns", "delete", host.name]);
    }
  }

  ip(...args: string[]): Promise<string> {
    return runOk("ip", ["-n", this.name, ...args]);
  }

  kago({ root, bundle, id }: Kago): Promise<RunResult> {
    const words = ["--root", root, "run", "--bundle", bundle.path, id];
    return run("nsenter", [`--net=/run/netns/${this.name}`, KAGO, ...words]);
  }
}

async function inContainer(
  netDevices: JsonObject,
  script: string,
  use: (result: RunResult, host: Host) => Promise<void> | void,
  more: JsonObject = {},
): Promise<void> {
  await Host.with(async (host) => {
    const config = { linux: { netDevices, ...more } };
    await Kago.with({ args: ["sh", "-c", script], config }, async (kago) => {
      await use(await host.kago(kago), host);
    });
  });
}

Deno.test("an interface moves into the container under its new name, up and with its addresses", async () => {
  await inContainer({ eth7: { name: "web" }, eth8: {} }, "ip addr", async (result, host) => {
    assertEquals(result.code, 0, result.stderr);
    assertMatch(result.stdout, /web@.*[<,]UP[,>]/);
    assertMatch(result.stdout, /eth8@.*[<,]UP[,>]/);
    assertStringIncludes(result.stdout, "inet 10.9.8.7/24 scope global web");
    assertStringIncludes(result.stdout, "inet6 fd00::7/64 scope global");
    assertEquals((await host.ip("-brief", "link", "show")).includes("eth7"), false);
  });
});

Deno.test("a template gives an interface the first name that is free", async () => {
  const devices = { eth7: { name: "net%d" }, eth8: { name: "net%d" } };
  await inContainer(devices, "ls /sys/class/net", ({ code, stdout, stderr }) => {
    assertEquals(code, 0, stderr);
    assertEquals(stdout.split(/\s+/).filter(Boolean), ["lo", "net0", "net1"]);
  });
});

Deno.test("an interface moves into a new user namespace's network too", async () => {
  const mappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const types = ["pid", "network", "ipc", "uts", "mount", "user"];
  const more = {
    namespaces: types.map((type) => ({ type })),
    uidMappings: mappings,
    gidMappings: mappings,
  };
  await inContainer({ eth7: {} }, "ip addr show eth7", ({ code, stdout, stderr }) => {
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "10.9.8.7/24");
  }, more);
});

Deno.test("a container that cannot have an interface names it, and gives back the others", async () => {
  const refusals: [JsonObject, string][] = [
    [
      { eth7: {}, eth9: {} },
      "linux.netDevices.eth9: cannot be moved as eth9: find it: no such device",
    ],
    [
      { eth7: {}, eth8: { name: "lo" } },
      "linux.netDevices.eth8: cannot be moved as lo: take that name there: file exists (EEXIST)",
    ],
  ];
  for (const [devices, says] of refusals) {
    await inContainer(devices, "true", async ({ code, stderr }, host) => {
      assertEquals(code, 1);
      assertStringIncludes(stderr, says);
      const addresses = await host.ip("addr", "show", "dev", "eth7");
      assertStringIncludes(addresses, "10.9.8.7/24");
      assertStringIncludes(addresses, "fd00::7/64");
      assertMatch(addresses, /[<,]UP[,>]/);
    });
  }
});

Deno.test("a later failure gives the interface back as it was", async () => {
  await Host.with(async (host) => {
    const config = { linux: { netDevices: { eth7: { name: "web" } } } };
    await Kago.with({ args: ["/no/such/program"], config }, async (kago) => {
      const { code, stderr } = await host.kago(kago);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "/no/such/program");
      assertStringIncludes(await host.ip("addr", "show", "dev", "eth7"), "10.9.8.7/24");
    });
  });
});

/** The body gets a namespace of the test's, in which the container's program will run. */
async function withContainerNetwork(
  use: (host: Host, net: string, netns: JsonObject) => Promise<void>,
): Promise<void> {
  await Host.with(async (host) => {
    const net = `${host.name}-container`;
    await runOk("ip", ["netns", "add", net]);
    try {
      const types = ["pid", "ipc", "uts", "mount"].map((type) => ({ type }));
      const namespaces = [...types, { type: "network", path: `/run/netns/${net}` }];
      await use(host, net, { namespaces });
    } finally {
      await runOk("ip", ["netns", "delete", net]);
    }
  });
}

Deno.test("addresses arrive with what somebody set: metric, peer, broadcast and flags", async () => {
  await withContainerNetwork(async (host, net, namespaces) => {
    const set = (...words: string[]) => host.ip("addr", "add", ...words, "dev", "eth7");
    await set("10.1.1.1/24", "brd", "10.1.1.255", "metric", "77", "noprefixroute");
    await set("10.2.2.1", "peer", "10.2.2.2/32");
    await set("fd01::1/64", "metric", "88", "nodad", "noprefixroute");
    await set("fd01::2/64", "valid_lft", "1000", "preferred_lft", "1000", "nodad");
    const config = { linux: { netDevices: { eth7: {} }, ...namespaces } };
    await Kago.with({ args: ["true"], config }, async (kago) => {
      const { code, stderr } = await host.kago(kago);
      assertEquals(code, 0, stderr);
    });
    const shown = await runOk("ip", ["-n", net, "addr", "show", "dev", "eth7"]);
    assertStringIncludes(
      shown,
      "inet 10.1.1.1/24 metric 77 brd 10.1.1.255 scope global noprefixroute eth7",
    );
    assertStringIncludes(shown, "inet 10.2.2.1 peer 10.2.2.2/32 scope global eth7");
    assertMatch(shown, /inet6 fd01::1\/64 metric 88 scope global nodad noprefixroute/);
    assertStringIncludes(shown, "inet6 fd00::7/64 scope global nodad");
    assertEquals(shown.includes("fd01::2"), false, "it expires, hence is not the host's to give");
  });
});

Deno.test("an address that the container's network refuses is named, and the interface goes back", async () => {
  await withContainerNetwork(async (host, net, namespaces) => {
    const disable = "net.ipv6.conf.default.disable_ipv6=1";
    await runOk("ip", ["netns", "exec", net, "sysctl", "-qw", disable]);
    const config = { linux: { netDevices: { eth7: { name: "web" } }, ...namespaces } };
    await Kago.with({ args: ["true"], config }, async (kago) => {
      const { code, stderr } = await host.kago(kago);
      assertEquals(code, 1);
      assertStringIncludes(
        stderr,
        "linux.netDevices.eth7: cannot be moved as web: give it its address fd00::7/64 there: permission denied (EACCES)",
      );
    });
    const back = await host.ip("addr", "show", "dev", "eth7");
    assertStringIncludes(back, "inet 10.9.8.7/24 scope global eth7");
    assertStringIncludes(back, "inet6 fd00::7/64 scope global");
    assertMatch(back, /[<,]UP[,>]/);
    const links = await runOk("ip", ["-n", net, "-brief", "link", "show"]);
    assertEquals(links.includes("web"), false, links);
  });
});

Deno.test("an interface that was down goes back so", async () => {
  await Host.with(async (host) => {
    const config = { linux: { netDevices: { eth8: {} } } };
    await Kago.with({ args: ["/no/such/program"], config }, async (kago) => {
      assertEquals((await host.kago(kago)).code, 1);
      assertEquals(/[<,]UP[,>]/.test(await host.ip("link", "show", "dev", "eth8")), false);
    });
  });
});

Deno.test("an interface with hundreds of addresses keeps them all", async () => {
  const count = 600;
  await Host.with(async (host) => {
    const lines = Array.from(
      { length: count },
      (_, i) => `addr add 10.${100 + (i >> 8)}.${i & 255}.1/32 dev eth7`,
    );
    const batch = await Deno.makeTempFile();
    await Deno.writeTextFile(batch, lines.join("\n"));
    await host.ip("-batch", batch);
    await Deno.remove(batch);
    const config = { linux: { netDevices: { eth7: {} } } };
    await Kago.with({ args: ["ip", "addr"], config }, async (kago) => {
      const { code, stdout, stderr } = await host.kago(kago);
      assertEquals(code, 0, stderr);
      assertEquals(stdout.match(/ 10\.10\d\.\d+\.1\/32 /g)?.length, count);
    });
  });
});
