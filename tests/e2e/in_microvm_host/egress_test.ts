/**
 * What egress rules refuse to a plain container, and to a microVM by TSI and by passt; the table in docs/networking.md
 * must say the same. Runs inside the emulated host.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../../scripts/sample/bundle.ts";
import { compileC } from "../../harness/c_program.ts";
import { Kago } from "../../harness/kago.ts";
import { tableOf } from "./documented_table.ts";
import { namespacePath, NETWORKS, TOOL, World } from "./network_world.ts";

const CONNECT = "/bin/connect_tool";
const { world: SERVER } = NETWORKS.private;

/** The columns of the table. */
const WAYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "plain container": {},
  "TSI": { "run.oci.handler": "krun", "krun.ram_mib": "256" },
  "passt": {
    "run.oci.handler": "krun",
    "krun.ram_mib": "256",
    "krun.use_passt": "1",
    "krun.port_map": "",
  },
};

/** The rows, each with a word of connect_tool.c for a destination that is not on the list. */
const REFUSED = {
  "a TCP connection": `tcp=${SERVER}=8080`,
  "the same to the IPv4-mapped address": `tcp=::ffff:${SERVER}=8080`,
  "TCP with data in its first packet": `fastopen=${SERVER}=8080`,
  "UDP, connected": `udp=${SERVER}=53`,
  "UDP, not connected": `datagram=${SERVER}=53`,
};

function bundle(annotations: Readonly<Record<string, string>>, script: string): BundleOptions {
  const namespaces: { type: string; path?: string }[] = ["pid", "ipc", "uts", "mount", "cgroup"]
    .map((type) => ({ type }));
  namespaces.push({ type: "network", path: namespacePath("private") });
  return {
    annotations: { ...annotations, "run.kago.egress": `${SERVER}:80/tcp,${SERVER}:5353/udp` },
    args: ["sh", "-c", script],
    config: { linux: { namespaces } },
  };
}

/** The result of each word, and of an allowed destination: one `word result` per line. */
async function attempt(way: string, world: World, connect: string): Promise<string> {
  const script = [
    `echo "allowed $(${TOOL} tcp ${SERVER} 80 hello), $(${TOOL} udp ${SERVER} 5353 hello)"`,
    `${CONNECT} ${Object.values(REFUSED).join(" ")}`,
    `${TOOL} udp ${SERVER} 53 hello 2>&1`,
    `${TOOL} tcp ${SERVER} 8080 hello 2>&1`,
  ].join("; ");
  let text = "";
  await Kago.with(bundle(WAYS[way]!, script), async (kago) => {
    await Deno.copyFile(world.tool, `${kago.bundle.rootfs}${TOOL}`);
    await Deno.copyFile(connect, `${kago.bundle.rootfs}${CONNECT}`);
    await Deno.chmod(`${kago.bundle.rootfs}${CONNECT}`, 0o755);
    kago.globals.push("--debug");
    const args = ["run", "-b", kago.bundle.path, kago.id];
    const { stdout, stderr } = await kago.runWith({ timeout: 240 }, ...args);
    console.log(`${way}: ${stdout}${stderr}`);
    text = stdout;
    // A refusal is reported, whoever opened the socket.
    assertStringIncludes(stderr, `egress: refused ${SERVER}:8080/tcp`);
    assertStringIncludes(stderr, `egress: refused ${SERVER}:53/udp`);
  });
  return text;
}

Deno.test("what egress rules refuse in which way of networking is what docs/networking.md says", async () => {
  const folder = await Deno.makeTempDir({ prefix: "network_world_" });
  await using world = await World.make(folder);
  const connect = await compileC(new URL("../../harness/connect_tool.c", import.meta.url));
  const measured: Record<string, Record<string, string>> = {};
  for (const way of Object.keys(WAYS)) {
    const text = await attempt(way, world, connect);
    assertStringIncludes(text, "allowed hello from world, hello from world");
    assertEquals(text.split("hello from").length, 3, text);
    for (const [row, word] of Object.entries(REFUSED)) {
      const result = text.split("\n").find((line) => line.startsWith(`${word} `))?.split(" ")[1];
      measured[row] = { ...measured[row], [way]: result ?? "nothing" };
    }
  }
  await Deno.remove(folder, { recursive: true });
  await Deno.remove(connect);
  assertEquals(measured, await tableOf("networking.md", "destination not on the list"));
});
