/**
 * The guest's clock compared with the host's, with the real libkrun: at its start, after a pause, and when the host's
 * is set.
 */
import { assert, assertEquals } from "@std/assert";
import { EMULATED } from "../../harness/emulated.ts";
import { compileC } from "../../harness/c_program.ts";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";

/** Seconds by which the clocks may differ. */
const APART = 0.1;

/** Milliseconds; longer than the interval of measurements. */
const PAUSE = 15_000;

const TOOL = "/bin/elastic_tool";
const OPTIONS = {
  annotations: { "run.oci.handler": "krun", "krun.ram_mib": "256", "krun.cpus": "1" },
  args: [TOOL, "clock"],
};

/** Seconds by which the guest's clock is ahead of the host's, measured by the line that arrived fastest. */
async function ahead(kago: Kago): Promise<number> {
  let most = -Infinity;
  for (let lines = 0; lines < 10; lines++) {
    const before = kago.output().length;
    await until("the guest writes its time", () => {
      const text = kago.output();
      return text.length > before && text.endsWith("\n");
    });
    const host = Date.now() / 1000;
    const guest = Number(kago.output().trimEnd().split("\n").at(-1));
    most = Math.max(most, guest - host);
  }
  return most;
}

async function follows(kago: Kago, when: string): Promise<void> {
  let last = NaN;
  await until(() => `the clocks agree ${when}; the guest's is ahead by ${last} s`, async () => {
    last = await ahead(kago);
    return Math.abs(last) < APART;
  }, 60);
  console.log(`${when} the guest's clock is ahead by ${last.toFixed(3)} s`);
}

async function setHostClock(seconds: number): Promise<void> {
  assert(EMULATED, "the clock of an emulated host alone is the test's to set");
  await runOk("date", ["-s", `${seconds} seconds`]);
}

async function ok(kago: Kago, command: string): Promise<void> {
  const { code, stderr } = await kago.runWith({ timeout: 240 }, command, kago.id);
  assertEquals(code, 0, stderr);
}

Deno.test("the guest's clock is the host's, after a pause and after the host's was set too", async () => {
  const tool = await compileC(new URL("elastic_tool.c", import.meta.url));
  await Kago.with(OPTIONS, async (kago) => {
    await Deno.rename(tool, `${kago.bundle.rootfs}${TOOL}`);
    await kago.create();
    await ok(kago, "start");
    await until("the guest writes", () => kago.output().includes("\n"));
    await follows(kago, "at the start");

    // In the last step the host's clock is set while the guest is paused.
    for (const set of [0, 60]) {
      await ok(kago, "pause");
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      if (set) await setHostClock(set);
      await ok(kago, "resume");
      await follows(kago, "after a pause");
    }

    for (const seconds of [100, -160]) {
      await setHostClock(seconds);
      await follows(kago, `after the host's was set by ${seconds} s`);
    }
    await kago.run("kill", kago.id, "KILL");
  });
});
