import { assertEquals, assertRejects } from "@std/assert";
import { contenderOf } from "../../../../scripts/bench/contenders.ts";
import type { Measure } from "../../../../scripts/bench/measure.ts";

const BUNDLES = { brief: "B", limited: "L", filtered: "F", lasting: "S" };

/** A runtime that notes its words, and ends with `code`. */
async function withRuntime(code: number, use: (path: string, directory: string) => Promise<void>) {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/runtime`;
    const script = `#!/bin/sh\necho "$@" >> ${directory}/calls\nexit ${code}\n`;
    await Deno.writeTextFile(path, script, { mode: 0o755 });
    await use(path, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a contender's command lines name its state root, measure's own commands do not", async () => {
  await withRuntime(0, (path, directory) => {
    const contender = contenderOf({ name: "x", path }, BUNDLES, directory);
    const commands = [() => ["start", "one"], () => ["wait", "pid"]];
    assertEquals(contender.commandLines(commands), [
      [path, "--root", `${directory}/x-state`, "start", "one"],
      ["wait", "pid"],
    ]);
    assertEquals(contender.commandLines([() => ["list"]], true)[0]![2], `${directory}/x-crowd`);
    return Promise.resolve();
  });
});

Deno.test("prepareCrowd() makes 200 containers", async () => {
  await withRuntime(0, async (path, directory) => {
    const measured: unknown[] = [];
    const measure: Measure = (commands, options) => {
      measured.push([commands[0]!.slice(1).join(" "), options]);
      return Promise.resolve({ wall: 0, cpu: 0, peakKiB: 0, rssKiB: 0, privateKiB: 0 });
    };
    await contenderOf({ name: "x", path }, BUNDLES, directory).prepareCrowd(measure);
    const create = `--root ${directory}/x-crowd create --bundle S bench-x-member-{}`;
    assertEquals(measured, [[create, { copies: 200 }]]);
  });
});

Deno.test("cleanUp() removes what both state roots have of the benchmark's", async () => {
  await withRuntime(0, async (path, directory) => {
    await Deno.mkdir(`${directory}/x-state/bench-x-3`, { recursive: true });
    await Deno.mkdir(`${directory}/x-state/cache`);
    await Deno.mkdir(`${directory}/x-crowd/bench-x-member-0`, { recursive: true });
    await contenderOf({ name: "x", path }, BUNDLES, directory).cleanUp();
    assertEquals((await Deno.readTextFile(`${directory}/calls`)).split("\n"), [
      `--root ${directory}/x-state delete --force bench-x-3`,
      `--root ${directory}/x-crowd delete --force bench-x-member-0`,
      "",
    ]);
  });
});

Deno.test("sweep() says which runtime's containers stay", async () => {
  await withRuntime(1, async (path, directory) => {
    await Deno.mkdir(`${directory}/x-state/bench-x-0`, { recursive: true });
    const contender = contenderOf({ name: "x", path }, BUNDLES, directory);
    await assertRejects(() => contender.sweep(), AggregateError, "1 containers of x stay");
  });
});
