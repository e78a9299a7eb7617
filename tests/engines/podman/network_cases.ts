/** Networks: podman's own programs create them, and the runtime joins them. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { CaseGroup } from "../engine_case.ts";
import { untilSays } from "../until.ts";
import { IMAGE, type Podman } from "./podman.ts";

export const NETWORKS: CaseGroup<Podman> = {
  name: "networks",
  cases: [
    {
      command: "podman run --rm --network none IMAGE",
      emulated: ["rootless"],
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
      command: "podman run -d --network private -p 127.0.0.1:8080:80 IMAGE; podman port CONTAINER",
      emulated: ["v2"],
      native: false, // it would change the machine's network
      check: (p) => published(p, ["--network", "private"], "eth0"),
    },
    {
      command: "podman run -d --network slirp4netns -p 127.0.0.1:8080:80 IMAGE",
      emulated: ["rootless"],
      native: false,
      check: (p) => published(p, ["--network", "slirp4netns"], "tap0"),
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

/** A server in the container answers through a port of the host, and names its interface. */
async function published(
  p: Podman,
  network: readonly string[],
  networkInterface: string,
): Promise<void> {
  const port = p.runtime === "kago" ? 8081 : 8082;
  const server = ["sh", "-c", "while :; do ls /sys/class/net | nc -l -p 80; done"];
  const options = ["-d", "--name", "server", ...network, "-p", `127.0.0.1:${port}:80`];
  await p.ok("run", ...options, IMAGE, ...server);
  await untilSays(() => answer(port), new RegExp(networkInterface));
  assertStringIncludes(await p.ok("port", "server"), `127.0.0.1:${port}`);
  await p.ok("rm", "--force", "--time", "0", "server");
}

/** The answer of the server behind a port of loopback; "" when there is none yet. */
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
