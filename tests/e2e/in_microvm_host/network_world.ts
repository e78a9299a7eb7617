/**
 * Networks for microVM tests, made of network namespaces: a world with servers, two containers' namespaces that reach
 * it, an empty one, and the host, which reaches it too. They correspond to podman's private, none and host networks.
 */
import { run, runOk } from "../../harness/run.ts";

export const TOOL = "/bin/net_tool";

/** The world's address in each network, and the network's own. */
export const NETWORKS = {
  private: { world: "10.77.0.1", own: "10.77.0.2" },
  other: { world: "10.78.0.1", own: "10.78.0.2" },
  host: { world: "10.79.0.1", own: "10.79.0.2" },
} as const;

const NO_TIME_WAIT = "net.ipv4.tcp_max_tw_buckets=0";

const NAMESPACES = ["world", "private", "other"].map(namespaceName);

function namespaceName(name: string): string {
  return `kago-${name}`;
}

export function namespacePath(name: "private" | "other"): string {
  return `/run/netns/${namespaceName(name)}`;
}

export class World implements AsyncDisposable {
  private constructor(private readonly server: Deno.ChildProcess, readonly tool: string) {}

  /** @param folder for the tool; the caller removes it. */
  static async make(folder: string): Promise<World> {
    const tool = `${folder}/net_tool`;
    const source = new URL("net_tool.c", import.meta.url).pathname;
    await runOk("cc", ["-O1", "-Wall", "-Wextra", "-static", "-o", tool, source]);
    for (const namespace of NAMESPACES) {
      await runOk("ip", ["netns", "add", namespace]);
      await inNamespace(namespace, "ip", "link", "set", "lo", "up");
    }
    await connect("private");
    await connect("other");
    await connect("host");
    await inNamespace(NAMESPACES[0]!, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    // Otherwise a port stays in use for a minute after its last connection, with passt and with libkrun.
    for (const namespace of ["private", "other"].map(namespaceName)) {
      await inNamespace(namespace, "sysctl", "-qw", NO_TIME_WAIT);
    }
    await runOk("sysctl", ["-qw", NO_TIME_WAIT]);
    const server = new Deno.Command("ip", {
      args: ["netns", "exec", NAMESPACES[0]!, tool, "serve", "3600"],
      env: { NAME: "world" },
      stdout: "null",
    }).spawn();
    return new World(server, tool);
  }

  /** The answer that the world gets; without one, the tool's error. */
  async ask(how: "tcp" | "udp", address: string, port: number): Promise<string> {
    const words = ["netns", "exec", NAMESPACES[0]!, this.tool, how, address, `${port}`, "hello"];
    const { stdout, stderr } = await run("ip", words);
    return (stdout || stderr).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.kill("SIGKILL");
    await this.server.status;
    for (const namespace of NAMESPACES) await runOk("ip", ["netns", "delete", namespace]);
  }
}

async function inNamespace(namespace: string, ...words: string[]): Promise<void> {
  await runOk("ip", ["netns", "exec", namespace, ...words]);
}

/** Connects the world to a network, which gets its address and a default route. */
async function connect(name: keyof typeof NETWORKS): Promise<void> {
  const { world, own } = NETWORKS[name];
  const [far, near] = [`w-${name}`, name === "host" ? "h-world" : "eth0"];
  const namespace = name === "host" ? [] : ["netns", namespaceName(name)];
  await runOk("ip", [
    "link",
    "add",
    far,
    "netns",
    NAMESPACES[0]!,
    "type",
    "veth",
    "peer",
    "name",
    near,
    ...namespace,
  ]);
  await inNamespace(NAMESPACES[0]!, "ip", "addr", "add", `${world}/24`, "dev", far);
  await inNamespace(NAMESPACES[0]!, "ip", "link", "set", far, "up");
  const ip = (...words: string[]) =>
    name === "host" ? runOk("ip", words) : runOk("ip", ["-n", namespaceName(name), ...words]);
  await ip("addr", "add", `${own}/24`, "dev", near);
  await ip("link", "set", near, "up");
  await ip("route", "add", "default", "via", world);
}
