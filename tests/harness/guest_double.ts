/** A microVM that is none: libkrun and the agent are doubles, and the "guest" sleeps. */
import { assertEquals } from "@std/assert";
import { buildLibkrunDouble } from "../doubles/libkrun/build.ts";
import { AgentDouble } from "./agent_double.ts";
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { Kago } from "./kago.ts";

type Use = (kago: Kago, agent: AgentDouble) => Promise<void>;

/**
 * Runs `use` with a container that is created but not started, and the directory of its libkrun, in which an agent
 * listens.
 */
export async function withCreatedDouble(
  use: (kago: Kago, folder: string) => Promise<void>,
  config: JsonObject = {},
): Promise<void> {
  using double = await buildLibkrunDouble();
  const options = {
    args: ["/bin/sleep", "1000"],
    annotations: { "run.oci.handler": "krun" },
    config,
  };
  await Kago.with(options, async (kago) => {
    await Deno.chmod(kago.bundle.path, 0o755);
    kago.globals.push(...double.options);
    const output = `${kago.bundle.path}/output`;
    const args = ["create", "-b", kago.bundle.path, kago.id];
    const { code, stdout } = await kago.runWith({ output }, ...args);
    assertEquals(code, 0, stdout);
    await use(kago, double.dir);
  });
}

/** Runs `use` with a started container; `created` is called before `start`. */
export async function withGuestDouble(use: Use, created: Use = async () => {}): Promise<void> {
  await withCreatedDouble(async (kago, folder) => {
    const agent = new AgentDouble(folder);
    try {
      await created(kago, agent);
      assertEquals((await kago.run("start", kago.id)).code, 0);
      await use(kago, agent);
    } finally {
      await agent.close();
    }
  });
}
