/** A systemd service with Type=notify whose program runs in a container. Runs inside the systemd host. */
import { assertEquals } from "@std/assert";
import type { BundleOptions } from "../../../scripts/sample/bundle.ts";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run, runOk } from "../../harness/run.ts";

/** The host's own systemd-notify(1), with its libraries. */
const HOST = ["/usr", "/lib", "/lib64"].map((path) => ({
  destination: path,
  source: path,
  type: "bind",
  options: ["rbind", "ro"],
}));

function telling(script: string): BundleOptions {
  return { args: ["sh", "-c", script], mounts: HOST };
}

async function property(unit: string, name: string): Promise<string> {
  return (await runOk("systemctl", ["show", "-P", name, unit])).trim();
}

/** Starts `kago ARGS…` as a service, and returns when systemd knows that it is ready, or that it has failed. */
function startService(kago: Kago, ...args: string[]) {
  const properties = ["--property=Type=notify", "--property=TimeoutStartSec=120"];
  const words = ["--quiet", `--unit=${kago.id}`, ...properties, KAGO, "--root", kago.root, ...args];
  return run("systemd-run", words, { timeout: 180 });
}

async function stopService(kago: Kago): Promise<void> {
  await run("systemctl", ["stop", kago.id]);
  await run("systemctl", ["reset-failed", kago.id]);
}

/** The first process of a pid namespace receives only signals that it has handlers for. */
const READY = "trap 'exit 0' TERM; systemd-notify --ready --status=serving; " +
  "while :; do sleep 0.2; done";

Deno.test("a service of Type=notify is active once the program under run is ready", async () => {
  await Kago.with(telling(READY), async (kago) => {
    const { code, stderr } = await startService(kago, "run", "-b", kago.bundle.path, kago.id);
    assertEquals(code, 0, stderr);
    assertEquals(await property(kago.id, "ActiveState"), "active");
    assertEquals(await property(kago.id, "StatusText"), "serving");
    const comm = await Deno.readTextFile(`/proc/${await property(kago.id, "MainPID")}/comm`);
    assertEquals(comm, "kago\n");
    await stopService(kago);
  });
});

Deno.test("run --detach hands the container's process to systemd as the service's main one", async () => {
  await Kago.with(telling(READY), async (kago) => {
    const args = ["run", "--detach", "-b", kago.bundle.path, kago.id];
    const { code, stderr } = await startService(kago, ...args);
    assertEquals(code, 0, stderr);
    assertEquals(await property(kago.id, "ActiveState"), "active");
    assertEquals(await property(kago.id, "MainPID"), `${(await kago.state()).pid}`);
    await stopService(kago);
    await kago.until("stopped");
  });
});

Deno.test("a service whose program ends before it is ready fails", async () => {
  await Kago.with(telling("exit 3"), async (kago) => {
    const { code, stderr } = await startService(kago, "run", "-b", kago.bundle.path, kago.id);
    assertEquals(code, 1, stderr);
    assertEquals(await property(kago.id, "ActiveState"), "failed");
    assertEquals(await property(kago.id, "ExecMainStatus"), "3");
    await stopService(kago);
  });
});
