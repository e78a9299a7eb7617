/**
 * What a microVM reaches, and from where it is reached, in each mode and on each network; the table in docs/networking.md
 * must say the same. Runs inside the emulated host.
 */
import { assertEquals } from "@std/assert";
import type { BundleOptions } from "../../harness/bundle.ts";
import { Kago } from "../../harness/kago.ts";
import { namespacePath, NETWORKS, TOOL, World } from "./network_world.ts";

const MODES = {
  TSI: {},
  // Only what the test uses: binding every port takes seconds under emulation.
  passt: { "krun.use_passt": "1", "krun.port_map": "80:80,8080:8080,5353:5353" },
} as const;
type Mode = keyof typeof MODES;

/** The rows of the table. */
const CHECKS = [
  "TCP to outside",
  "UDP to outside",
  "DNS",
  "TCP from outside, port below 1024",
  "TCP from outside, port above 1024",
  "UDP from outside",
  "TCP from another microVM",
] as const;
type Row = Record<(typeof CHECKS)[number], boolean>;

function bundle(mode: Mode, network: string, args: readonly string[]): BundleOptions {
  const namespaces: { type: string; path?: string }[] = ["pid", "ipc", "uts", "mount", "cgroup"]
    .map((type) => ({ type }));
  if (network === "none") namespaces.push({ type: "network" });
  if (network === "private" || network === "other") {
    namespaces.push({ type: "network", path: namespacePath(network) });
  }
  return {
    annotations: { "run.oci.handler": "krun", "krun.ram_mib": "256", ...MODES[mode] },
    args,
    env: ["NAME=guest"],
    config: { linux: { namespaces } },
  };
}

async function prepare(kago: Kago, world: World, nameServer: string): Promise<void> {
  await Deno.copyFile(world.tool, `${kago.bundle.rootfs}${TOOL}`);
  await Deno.writeTextFile(`${kago.bundle.rootfs}/etc/resolv.conf`, `nameserver ${nameServer}\n`);
}

/** One guest that asks, then serves and is asked. */
async function probe(
  world: World,
  mode: Mode,
  network: "none" | "private" | "host",
  whileServing: () => Promise<boolean>,
): Promise<Row> {
  const { world: server, own } = network === "none" ? NETWORKS.private : NETWORKS[network];
  const script = [
    `${TOOL} tcp ${server} 80 hello`,
    `${TOOL} udp ${server} 5353 hello`,
    "nslookup name.test | grep 192.0.2.7",
    `exec ${TOOL} serve 120`,
  ].join("; echo --; ");
  const row: Partial<Row> = {};
  await Kago.with(bundle(mode, network, ["/bin/sh", "-c", script]), async (kago) => {
    await prepare(kago, world, server);
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await kago.says("serving");
    const [tcp = "", udp = "", dns = ""] = kago.output().split("--");
    row["TCP to outside"] = tcp.includes("hello from world");
    row["UDP to outside"] = udp.includes("hello from world");
    row.DNS = dns.includes("192.0.2.7");
    const asked = async (how: "tcp" | "udp", port: number) =>
      await world.ask(how, own, port) === "hello from guest";
    row["TCP from outside, port below 1024"] = await asked("tcp", 80);
    row["TCP from outside, port above 1024"] = await asked("tcp", 8080);
    row["UDP from outside"] = await asked("udp", 5353);
    row["TCP from another microVM"] = await whileServing();
    console.log(`${mode}, ${network}: ${kago.output()}`);
  });
  return row as Row;
}

/** A guest on the other network asks the one that serves. */
async function askFromGuest(world: World, mode: Mode, address: string): Promise<boolean> {
  let answer = "";
  await Kago.with(bundle(mode, "other", [TOOL, "tcp", address, "8080", "hello"]), async (kago) => {
    await prepare(kago, world, NETWORKS.other.world);
    const result = await kago.runWith({ timeout: 90 }, "run", "-b", kago.bundle.path, kago.id);
    answer = result.stdout.trim();
  });
  return answer === "hello from guest";
}

/** `| check | TSI, private | …`, with yes and no in the cells. */
async function documented(): Promise<Record<string, Record<string, boolean>>> {
  const page = await Deno.readTextFile(new URL("../../../docs/networking.md", import.meta.url));
  const lines = page.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const [head = [], , ...rows] = lines;
  return Object.fromEntries(
    head.slice(1).map((title, column) => [
      title,
      Object.fromEntries(rows.map((cells) => [cells[0]!, cells[column + 1] === "yes"])),
    ]),
  );
}

Deno.test("what works in which mode and network is what docs/networking.md says", async () => {
  const folder = await Deno.makeTempDir({ prefix: "network_world_" });
  await using world = await World.make(folder);
  const measured: Record<string, Row> = {};
  const nobody = () => Promise.resolve(false);
  for (const mode of ["TSI", "passt"] as const) {
    measured[`${mode}, private`] = await probe(
      world,
      mode,
      "private",
      () => askFromGuest(world, mode, NETWORKS.private.own),
    );
    measured[`${mode}, host`] = await probe(
      world,
      mode,
      "host",
      () => askFromGuest(world, mode, NETWORKS.host.own),
    );
  }
  measured["TSI, none"] = await probe(world, "TSI", "none", nobody);
  await Deno.remove(folder, { recursive: true });
  assertEquals(measured, await documented());
});

Deno.test("passt is refused where there is no network to serve", async () => {
  await Kago.with(bundle("passt", "none", ["/bin/true"]), async (kago) => {
    const { code, stderr } = await kago.foreground();
    assertEquals([code, /passt has ended: No external routable interface/.test(stderr)], [1, true]);
  });
});
