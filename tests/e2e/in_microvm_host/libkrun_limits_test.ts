/**
 * What libkrun cannot do for a guest. The tables in docs/networking.md and docs/microvm.md must say what is measured
 * here, so that a later libkrun that can do more is noticed. Runs inside the emulated host.
 */
import { assertEquals } from "@std/assert";
import type { BundleOptions } from "../../../scripts/sample/bundle.ts";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";
import { tableOf } from "./documented_table.ts";
import { namespacePath, NETWORKS, World } from "./network_world.ts";

const TOOL = "/bin/limits_tool";
const SOURCE = new URL("limits_tool.c", import.meta.url).pathname;

/** IPv6 addresses of the world and of the network `private`. */
const [WORLD_6, OWN_6] = ["fd77::1", "fd77::2"];

function bundle(annotations: Record<string, string>, network: object[]): BundleOptions {
  const namespaces = ["pid", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type }));
  return {
    annotations: { "run.oci.handler": "krun", "krun.ram_mib": "256", ...annotations },
    args: ["/bin/sh", "-c", "echo up; exec sleep 10000"],
    config: { linux: { namespaces: [...namespaces, ...network] } },
  };
}

/** A guest that waits, and runs the tool. */
async function withGuest(
  annotations: Record<string, string>,
  tool: string,
  network: object[],
  use: (ask: (...words: string[]) => Promise<string>, kago: Kago) => Promise<void>,
): Promise<void> {
  await Kago.with(bundle(annotations, network), async (kago) => {
    await Deno.copyFile(tool, `${kago.bundle.rootfs}${TOOL}`);
    await Deno.mkdir(`${kago.bundle.rootfs}/data`);
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await kago.says("up");
    const ask = async (...words: string[]) => {
      const options = { timeout: 120 };
      const { code, stdout, stderr } = await kago.runWith(options, "exec", kago.id, TOOL, ...words);
      if (stderr) console.log(`${words.join(" ")}: ${stderr.trim().split("\n").at(-1)}`);
      return code === 128 + 14 ? "no answer" : stdout.trim().toLowerCase();
    };
    await use(ask, kago);
  });
}

type Ask = (...words: string[]) => Promise<string>;

/** The rows of the page, and how each is measured. */
const NETWORK: Record<string, (ask: Ask) => Promise<string>> = {
  "a stream of 1 MiB in writes of 60,000 bytes": (ask) => ask("stream", NETWORKS.private.world),
  "UDP to the container's own 127.0.0.53, connected": (ask) => ask("datagram", "127.0.0.53", "40"),
  "the same, not connected": (ask) => ask("unconnected", "127.0.0.53"),
  "UDP by IPv6, connected": (ask) => ask("datagram", WORLD_6, "40"),
  "UDP by IPv6, not connected": (ask) => ask("unconnected", WORLD_6),
  "a datagram of 1,472 bytes": (ask) => ask("datagram", NETWORKS.private.world, "1472"),
  "a datagram of 3,732 bytes": (ask) => ask("datagram", NETWORKS.private.world, "3732"),
  "a datagram of 3,733 bytes": (ask) => ask("datagram", NETWORKS.private.world, "3733"),
  "`SO_RCVTIMEO` of a second": (ask) => ask("silence", NETWORKS.private.world),
  "a non-blocking connect(2) to nobody": (ask) => ask("nonblock", "10.77.0.9"),
  "getsockname(2) of a connection": (ask) => ask("sockname", NETWORKS.private.world),
  "the container's address among the guest's": (ask) => ask("own", NETWORKS.private.own),
  "TCP to outside from an empty network namespace made in the guest": (ask) =>
    ask("apart", NETWORKS.private.world),
};

async function measureNetwork(ask: Ask): Promise<Record<string, string>> {
  const told: Record<string, string> = {};
  for (const [what, measure] of Object.entries(NETWORK)) told[what] = await measure(ask);
  return told;
}

Deno.test("what libkrun's sockets cannot do is what docs/networking.md says", async () => {
  const folder = await Deno.makeTempDir({ prefix: "limits_" });
  const tool = `${folder}/limits_tool`;
  await runOk("cc", ["-O1", "-Wall", "-Wextra", "-static", "-o", tool, SOURCE]);
  await using _world = await World.make(folder);
  const inside = (name: string, ...words: string[]) =>
    runOk("ip", ["netns", "exec", `kago-${name}`, ...words]);
  await inside("world", "ip", "addr", "add", `${WORLD_6}/64`, "dev", "w-private", "nodad");
  await inside("private", "ip", "addr", "add", `${OWN_6}/64`, "dev", "eth0", "nodad");
  const servers = ["world", "private"].map((name) =>
    new Deno.Command("ip", {
      args: ["netns", "exec", `kago-${name}`, tool, "serve"],
      stdout: "null",
    }).spawn()
  );
  const columns: Record<string, Record<string, string>> = {};
  const network = [{ type: "network", path: namespacePath("private") }];
  const passt = { "krun.use_passt": "1", "krun.port_map": "80:80" };
  try {
    await withGuest({}, tool, network, async (ask) => {
      columns.TSI = await measureNetwork(ask);
    });
    await withGuest(passt, tool, network, async (ask) => {
      columns.passt = await measureNetwork(ask);
    });
  } finally {
    for (const server of servers) server.kill("SIGKILL");
    await Promise.all(servers.map(({ status }) => status));
    await Deno.remove(folder, { recursive: true });
  }
  console.log(JSON.stringify(columns, undefined, 1));
  const table = await tableOf("networking.md", "of the guest's sockets");
  const documented = ["TSI", "passt"].map((name) => [
    name,
    Object.fromEntries(Object.entries(table).map(([what, row]) => [what, row[name]])),
  ]);
  assertEquals(columns, Object.fromEntries(documented));
});

Deno.test("what a guest's files cannot do is what docs/microvm.md says", async () => {
  const folder = await Deno.makeTempDir({ prefix: "limits_" });
  const tool = `${folder}/limits_tool`;
  await runOk("cc", ["-O1", "-Wall", "-Wextra", "-static", "-o", tool, SOURCE]);
  const told: Record<string, string> = {};
  await withGuest({}, tool, [], async (ask, kago) => {
    const data = `${kago.bundle.rootfs}/data`;
    await Deno.writeTextFile(`${data}/file`, "x");
    const own = new Deno.Command("flock", {
      args: ["-x", `${data}/locked`, "sleep", "600"],
      stdout: "null",
    }).spawn();
    await runOk("mkfifo", [`${data}/hosts.fifo`]);
    const reading = new Deno.Command("cat", { args: [`${data}/hosts.fifo`], stdout: "null" })
      .spawn();
    const listening = Deno.listen({ transport: "unix", path: `${data}/hosts.sock` });
    try {
      await runOk("sh", ["-c", 'until ! flock -n "$0" true; do sleep 0.1; done', `${data}/locked`]);
      told["seeing a lock that the host holds"] = await ask("lock", "/data/locked") === "yes"
        ? "no"
        : "yes";
      told["a FIFO between processes of the guest"] = await ask("fifo", "/data/fifo");
      told["a FIFO that the host reads"] = await ask("writer", "/data/hosts.fifo");
      told["a unix socket between processes of the guest"] = await ask("socket", "/data/own.sock");
      told["connecting to a unix socket of the host"] = await ask("connect", "/data/hosts.sock");
      told["`O_TMPFILE`"] = await ask("tmpfile", "/data");
      const capabilities = ["SYS_ADMIN", "DAC_OVERRIDE"].flatMap((
        name,
      ) => ["--cap", `CAP_${name}`]);
      const overlay = [kago.id, TOOL, "overlay", "/data", "file"];
      const changed = await kago.runWith({ timeout: 120 }, "exec", ...capabilities, ...overlay);
      told["changing a file through an overlay over it"] = changed.stdout.trim().toLowerCase();
      await Deno.writeTextFile(`${data}/acl`, "x", { mode: 0o600 });
      assertEquals(await ask("acl", "/data/acl"), "yes");
      const reader = ["exec", "--user", "7:7", kago.id, "/bin/cat", "/data/acl"];
      const { code } = await kago.runWith({ timeout: 120 }, ...reader);
      told["obeying a POSIX access list"] = code === 0 ? "yes" : "no";
      await Deno.writeTextFile(`${data}/page`, "a".repeat(4096));
      const mapped = ask("mapped", "/data/page");
      await new Promise((resolve) => setTimeout(resolve, 6000));
      {
        using page = await Deno.open(`${data}/page`, { write: true });
        await page.write(new TextEncoder().encode("b"));
      }
      told["seeing in a shared mapping what the host writes"] = await mapped;
      assertEquals(await ask("size", "/data/file"), "1");
      await Deno.writeTextFile(`${data}/file`, "longer");
      told["seeing a change of the host's at once"] = await ask("size", "/data/file") === "6"
        ? "yes"
        : "no";
      await new Promise((resolve) => setTimeout(resolve, 6000));
      told["seeing it after six seconds"] = await ask("size", "/data/file") === "6" ? "yes" : "no";
    } finally {
      listening.close();
      for (const child of [own, reading]) child.kill("SIGKILL");
      await Promise.all([own.status, reading.status]);
    }
  });
  await Deno.remove(folder, { recursive: true });
  console.log(JSON.stringify(told, undefined, 1));
  const table = await tableOf("microvm.md", "of the guest's files");
  const documented = Object.entries(table).map(([what, row]) => [what, row["libkrun 1.17.4"]]);
  assertEquals(told, Object.fromEntries(documented));
});
