import { assert, assertRejects } from "@std/assert";
import { buildMeasure } from "../../../../scripts/bench/measure.ts";

async function withMeasure(use: (measure: Awaited<ReturnType<typeof buildMeasure>>) => unknown) {
  const folder = await Deno.makeTempDir();
  try {
    await use(await buildMeasure(folder, { KAGO_TEST: "seen" }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("buildMeasure() makes a function that measures time and the command's own memory", async () => {
  await withMeasure(async (measure) => {
    const { milliseconds, peakKiB } = await measure(["/bin/sleep", "0.05"]);
    assert(milliseconds >= 50, `${milliseconds} ms`);
    // sleep needs 1 to 4 MiB; this process, which started it, over 20.
    assert(peakKiB > 100 && peakKiB < 10_000, `${peakKiB} KiB`);
  });
});

Deno.test("the measure function throws with the output of a command that fails", async () => {
  await withMeasure(async (measure) => {
    await assertRejects(
      () => measure(["/bin/sh", "-c", "echo $KAGO_TEST; echo bad >&2; exit 3"]),
      Error,
      "exited with 3: seen\nbad",
    );
    await assertRejects(() => measure(["/bin/sh", "-c", "kill -9 $$"]), Error, "exited with 137");
    await assertRejects(() => measure(["/nonexistent"]), Error, "exited with 127");
  });
});
