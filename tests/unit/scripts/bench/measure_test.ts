import { assert, assertEquals, assertRejects } from "@std/assert";
import { buildMeasure, CommandError, type Measure } from "../../../../scripts/bench/measure.ts";

async function withMeasure(use: (measure: Measure, folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await use(await buildMeasure(folder, { KAGO_TEST: "seen" }), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the measure function has a command's time and its own memory", async () => {
  await withMeasure(async (measure) => {
    const { wall, cpu, peakKiB, rssKiB } = await measure([["/bin/sleep", "0.05"]]);
    assert(wall >= 50, `${wall} ms`);
    assert(cpu > 0 && cpu < wall, `${cpu} ms`);
    // sleep needs 1 to 4 MiB; this process, which started it, over 20.
    assert(peakKiB > 100 && peakKiB < 10_000, `${peakKiB} KiB`);
    assertEquals(rssKiB, -1);
  });
});

Deno.test("the measure function reads a process's memory at its end", async () => {
  await withMeasure(async (measure) => {
    const { rssKiB, privateKiB } = await measure([["/bin/true"]], { memory: true });
    assert(privateKiB > 0 && privateKiB < rssKiB, `${privateKiB} of ${rssKiB} KiB`);
  });
});

Deno.test("the measure function counts children that a command leaves once they are waited for", async () => {
  await withMeasure(async (measure, folder) => {
    const work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    const leave = ["/bin/sh", "-c", `(${work}) & echo $! > ${folder}/pid`];
    const left = await measure([leave]);
    const waited = await measure([leave, ["wait", `${folder}/pid`]]);
    assert(waited.cpu > 2 * left.cpu, `${waited.cpu} ms with, ${left.cpu} ms without`);
  });
});

Deno.test("the measure function adds the processor time that a process has had so far", async () => {
  await withMeasure(async (measure, folder) => {
    await Deno.writeTextFile(`${folder}/pid`, `${Deno.pid}\n`);
    const without = await measure([["/bin/true"]]);
    const { cpu } = await measure([["/bin/true"], ["cpu", `${folder}/pid`]]);
    // That of this process, which has come up, and has compiled the tests.
    assert(cpu > without.cpu + 50, `${cpu} ms with, ${without.cpu} ms without`);
  });
});

Deno.test("the measure function runs copies in a row or at once, each with its number", async () => {
  await withMeasure(async (measure, folder) => {
    const tell = `echo $0 >> ${folder}/numbers`;
    // Ends once three of them have begun.
    const meet = `${tell}; while [ $(wc -l < ${folder}/numbers) -lt 6 ]; do sleep 0.05; done`;
    const { wall } = await measure([["/bin/sh", "-c", `${tell}; sleep 0.1`, "{}"]], { copies: 3 });
    assert(wall >= 300, `${wall} ms in a row`);
    await measure([["/bin/sh", "-c", meet, "{}"]], { copies: 3, parallel: true });
    const numbers = (await Deno.readTextFile(`${folder}/numbers`)).trim().split("\n");
    assertEquals(numbers.slice(0, 3), ["0", "1", "2"]);
    assertEquals(numbers.slice(3).toSorted(), ["0", "1", "2"]);
  });
});

Deno.test("the measure function throws with the output of a command that fails", async () => {
  await withMeasure(async (measure) => {
    const shell = (script: string) => () => measure([["/bin/sh", "-c", script]]);
    await assertRejects(
      shell("echo $KAGO_TEST; echo bad >&2; exit 3"),
      CommandError,
      "exited with 3: seen\nbad",
    );
    await assertRejects(shell("kill -9 $$"), CommandError, "exited with 137");
    await assertRejects(() => measure([["/nonexistent"]]), CommandError, "exited with 127");
  });
});

Deno.test("the measure function runs nothing behind a command that fails, and tells of a copy", async () => {
  await withMeasure(async (measure, folder) => {
    const commands = [["/bin/sh", "-c", "exit {}"], ["/bin/touch", `${folder}/behind-{}`]];
    for (const parallel of [false, true]) {
      await assertRejects(
        () => measure(commands, { copies: 2, parallel }),
        CommandError,
        "exited with 1",
      );
      await Deno.remove(`${folder}/behind-0`);
      await assertRejects(() => Deno.stat(`${folder}/behind-1`), Deno.errors.NotFound);
    }
  });
});
