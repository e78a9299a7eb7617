/**
 * What a microVM can reach, and from where it can be reached, in each mode and on each network; the table in
 * docs/networking.md must say the same. Runs inside the emulated host.
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { BundleOptions } from "../../../scripts/sample/bundle.ts";
import { Kago } from "../../harness/kago.ts";
import { tableOf } from "./documented_table.ts";
import { namespacePath, NETWORKS, TOOL, World } from "./network_world.ts";

const MODES = {
  TSI: {},
  // Only the ports that the test uses: binding every port takes seconds under emulation.
  passt: { "krun.use_passt": "1", "krun.port_map": "80:80,8080:8080,5353:5353" },
} as const;
type Mode = keyof typeof MODES;

/** The rows of the table, and a part of the answer if it works. */
const ANSWERS = {
  "TCP to outside": "hello from world",
  "UDP to outside": "hello from world",
  "DNS": "192.0.2.7",
  "TCP from outside, port below 1024": "hello from guest",
  "TCP from outside, port above 1024": "hello from guest",
  "UDP from outside": "hello from guest",
  "TCP from another microVM": "hello from guest",
};
type Check = keyof typeof ANSWERS;

/** The answers. */
type Column = Record<Check, string>;

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

/** One guest that sends requests, then serves some. */
async function probe(
  world: World,
  mode: Mode,
  network: "none" | "private" | "host",
  whileServing: () => Promise<string>,
): Promise<Column> {
  const { world: server, own } = network === "none" ? NETWORKS.private : NETWORKS[network];
  const script = [
    `${TOOL} tcp ${server} 80 hello`,
    `${TOOL} udp ${server} 5353 hello`,
    "nslookup name.test",
    `exec ${TOOL} serve 900`,
  ].join("; echo --; ");
  const column: Partial<Column> = {};
  await Kago.with(bundle(mode, network, ["/bin/sh", "-c", script]), async (kago) => {
    await prepare(kago, world, server);
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await kago.says("serving");
    const [tcp = "", udp = "", dns = ""] = kago.output().split("--");
    column["TCP to outside"] = tcp;
    column["UDP to outside"] = udp;
    column.DNS = dns;
    column["TCP from outside, port below 1024"] = await world.ask("tcp", own, 80);
    column["TCP from outside, port above 1024"] = await world.ask("tcp", own, 8080);
    column["UDP from outside"] = await world.ask("udp", own, 5353);
    column["TCP from another microVM"] = await whileServing();
    console.log(`${mode}, ${network}: ${kago.output()}`);
  });
  return column as Column;
}

/** A guest on the other network sends a request to the one that serves. */
async function askFromGuest(world: World, mode: Mode, address: string): Promise<string> {
  let answer = "";
  await Kago.with(bundle(mode, "other", [TOOL, "tcp", address, "8080", "hello"]), async (kago) => {
    await prepare(kago, world, NETWORKS.other.world);
    const result = await kago.runWith({ timeout: 180 }, "run", "-b", kago.bundle.path, kago.id);
    answer = result.stdout + result.stderr;
  });
  return answer;
}

/** For each column, and in it for each row, whether the page says yes. */
async function documented(): Promise<Record<string, Record<string, boolean>>> {
  const columns: Record<string, Record<string, boolean>> = {};
  for (const [check, cells] of Object.entries(await tableOf("networking.md", "what"))) {
    for (const [title, cell] of Object.entries(cells)) {
      columns[title] = { ...columns[title], [check]: cell === "yes" };
    }
  }
  return columns;
}

/** The same for the answers. */
function works(columns: Record<string, Column>): Record<string, Record<string, boolean>> {
  const cells = (column: Column) =>
    Object.entries(column).map(([check, said]) => [check, said.includes(ANSWERS[check as Check])]);
  return Object.fromEntries(
    Object.entries(columns).map(([title, column]) => [title, Object.fromEntries(cells(column))]),
  );
}

Deno.test("what works in which mode and network is what docs/networking.md says", async () => {
  const folder = await Deno.makeTempDir({ prefix: "network_world_" });
  await using world = await World.make(folder);
  const measured: Record<string, Column> = {};
  const nobody = () => Promise.resolve("not asked");
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
  const [found, wanted] = [works(measured), await documented()];
  const said = Object.entries(measured).flatMap(([title, column]) =>
    Object.entries(column)
      .filter(([check]) => found[title]![check] !== wanted[title]?.[check])
      .map(([check, text]) => `${title}, ${check}: ${text.trim() || "nothing was said"}`)
  );
  assertEquals(found, wanted, said.join("\n"));
});

Deno.test("passt is refused where there is no network to serve", async () => {
  await Kago.with(bundle("passt", "none", ["/bin/true"]), async (kago) => {
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1, stderr);
    assertMatch(
      stderr,
      /passt has (ended: No external routable interface|no interface with a route)/,
    );
    assertMatch(stderr, /give the container a network with an address and a route/);
  });
});
