/** Waiting for what an engine brings about later than its command ends. */
import { until } from "../harness/until.ts";

/** Waits until what is read is `wanted`, or matches it. @throws {Error} with what was read last. */
export async function untilSays(
  read: () => Promise<string>,
  wanted: string | RegExp,
): Promise<void> {
  let last = "";
  const shown = typeof wanted === "string" ? JSON.stringify(wanted) : wanted;
  await until(() => `it says ${shown}, but ${JSON.stringify(last)}`, async () => {
    last = await read();
    return typeof wanted === "string" ? last === wanted : wanted.test(last);
  });
}
