/** Waits for effects that come after an engine's command has ended. */
import { until } from "../harness/until.ts";

/** Waits until the value read is `wanted`, or matches it. @throws {Error} with the last value. */
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
