/**
 * Decides whether a result of the build is up to date, by digests beside the results (`NAME.stamp`). A digest covers the
 * contents of the inputs and the command line, so it detects a fresh checkout or a changed flag, unlike timestamps.
 */
import { exists, readIfPresent } from "./output_file.ts";

/** The SHA-256 of the files' names and contents and of `recipe`, in hexadecimal. */
export async function digestInputs(
  inputs: readonly string[],
  recipe: readonly string[],
): Promise<string> {
  const parts: string[] = [JSON.stringify(recipe)];
  for (const input of inputs) {
    parts.push(`${input} ${await sha256(await Deno.readFile(input))}`);
  }
  return await sha256(new TextEncoder().encode(parts.join("\n")));
}

/**
 * Calls `make` unless `result` exists and was made from the same inputs by the same recipe.
 * @returns whether it was made again.
 */
export async function makeIfChanged(
  result: string,
  inputs: readonly string[],
  recipe: readonly string[],
  make: () => Promise<void>,
): Promise<boolean> {
  const digest = await digestInputs(inputs, recipe);
  const stamp = `${result}.stamp`;
  if (await exists(result) && await readIfPresent(stamp) === digest) return false;
  await make();
  await Deno.writeTextFile(stamp, digest);
  return true;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
