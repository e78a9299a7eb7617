import { runOk } from "./run.ts";

/** Runs `use` with a separate network namespace, which has an address and a route that lead nowhere. */
export async function withNetwork(use: (path: string) => Promise<void>): Promise<void> {
  const name = `kago-test-${Deno.pid}`;
  const ip = (...words: string[]) => runOk("ip", ["-n", name, ...words]);
  await runOk("ip", ["netns", "add", name]);
  try {
    await ip("link", "add", "box0", "type", "veth", "peer", "name", "far0");
    await ip("link", "set", "far0", "up");
    await ip("address", "add", "10.99.7.2/20", "dev", "box0");
    await ip("link", "set", "box0", "up");
    await ip("route", "add", "default", "via", "10.99.7.1");
    await use(`/run/netns/${name}`);
  } finally {
    await runOk("ip", ["netns", "delete", name]);
  }
}
