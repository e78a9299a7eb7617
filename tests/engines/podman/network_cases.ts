/** Networks: podman's own programs make them, and the runtime joins what they made. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CaseGroup, Host } from "../engine_case.ts";
import { until } from "../until.ts";
import { IMAGE, type Podman } from "./podman.ts";

/** Hosts whose network the tests may do with as they like. */
const OWN: readonly Host[] = ["v2", "systemd"];

export const NETWORKS: CaseGroup<Podman> = {
  name: "networks",
  cases: [
    {
      command: "podman run --rm --network none IMAGE",
      check: async (p) => {
        const output = await p.run("--network", "none", IMAGE, "ls", "/sys/class/net");
        assertEquals(output, "lo\n");
      },
    },
    {
      command: "podman run --rm --network host IMAGE",
      check: async (p) => {
        const own = await Deno.readLink("/proc/self/ns/net");
        const output = await p.run("--network", "host", IMAGE, "readlink", "/proc/self/ns/net");
        assertEquals(output, `${own}\n`);
      },
    },
    {
      command: "podman run --rm --network private IMAGE",
      everywhere: true,
      hosts: OWN,
      check: async (p) => {
        const output = await p.run("--network", "private", IMAGE, "ip", "-4", "addr");
        assertMatch(output, /eth0/);
      },
    },
    {
      command: "podman run -d -p 127.0.0.1:8080:80 IMAGE",
      everywhere: true,
      hosts: OWN,
      check: async (p) => {
        const port = p.runtime === "kago" ? 8081 : 8082;
        const server = ["sh", "-c", "while :; do nc -l -p 80 -e echo served; done"];
        const options = ["-d", "--name", "server", "-p", `127.0.0.1:${port}:80`];
        await p.ok("run", ...options, IMAGE, ...server);
        await until(async () => (await answer(port)) === "served\n");
        assertStringIncludes(await p.ok("port", "server"), `127.0.0.1:${port}`);
        await p.ok("rm", "--force", "--time", "0", "server");
      },
    },
    {
      command: "podman run --rm --network slirp4netns IMAGE",
      everywhere: true,
      hosts: [...OWN, "rootless"],
      check: async (p) => {
        const output = await p.run("--network", "slirp4netns", IMAGE, "ip", "-4", "addr");
        assertMatch(output, /tap0/);
      },
    },
    {
      command: "podman run --network container:OTHER IMAGE",
      check: async (p) => {
        await p.ok("run", "-d", "--name", "net", "--network", "none", IMAGE, "sleep", "1000");
        const pid = (await p.ok("inspect", "--format", "{{.State.Pid}}", "net")).trim();
        const namespace = await Deno.readLink(`/proc/${pid}/ns/net`);
        const words = ["--network", "container:net", IMAGE, "readlink", "/proc/self/ns/net"];
        assertEquals(await p.run(...words), `${namespace}\n`);
        await p.ok("rm", "--force", "--time", "0", "net");
      },
    },
  ],
};

/** What the server behind a port of loopback says; "" when there is none yet. */
async function answer(port: number): Promise<string> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const buffer = new Uint8Array(64);
    const size = await connection.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, size ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return "";
    if (error instanceof Deno.errors.ConnectionReset) return "";
    throw error;
  }
}
